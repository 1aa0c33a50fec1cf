"""Making policies: their streams are found or made and their handlers checked, but nothing runs yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pktvisor.agent.policy import AgentPolicy, Basis, PolicyPart, TapTeller
from pktvisor.agent.stream import Stream, make_stream
from pktvisor.agent.tap import Origin, Tap, select
from pktvisor.config.command_options import DEFAULT_STEP_S
from pktvisor.config.models import ModuleConfig, PolicyConfig, PolicyInput, Settings, Value
from pktvisor.config.modules import CUSTOM
from pktvisor.errors import ConfigError, failed_to_start, led_by, within
from pktvisor.inputs.base import Defaults
from pktvisor.policies.instances import Module, WindowDefaults, by_periods, length_of, make_modules, periods_of
from pktvisor.policies.policy import Databases, Policy

RESOURCES = "input_resources"
"""The handler of the policy that every stream brings along."""


MOST_HANDLERS = 200
"""Of one policy, over all its taps."""
MOST_DECLARED_CHARACTERS = 64 * 1024
"""Of the metrics that a policy declares and their conditions, over all its taps: they are read while others wait."""


@dataclass(frozen=True)
class Surroundings:
    """What a policy is made in."""

    taps: Mapping[str, Tap]
    global_settings: Mapping[str, Settings]
    windows: WindowDefaults
    inputs: Defaults
    databases: Databases
    tell_taps: TapTeller

    def basis(self, config: PolicyConfig) -> Basis:
        """Tell what a policy would be made of. Raises `ConfigError`, `NoMatchError`."""
        types = dict.fromkeys(module.type for module in config.modules)
        settings = tuple((name, self.global_settings[name]) for name in types if name in self.global_settings)
        return Basis(config, tuple(tap.config for tap in select(config.input, self.taps)), settings)


def prepare(config: PolicyConfig, streams: dict[str, Stream], origin: Origin, around: Surroundings) -> AgentPolicy:
    """Make a policy; streams that are new join `streams`, not started. Raises `ConfigError`, `NoMatchError`."""
    with within(f"policies.{config.name}"):
        basis = around.basis(config)
        taps = select(config.input, around.taps)
        if len(config.modules) * len(taps) > MOST_HANDLERS:
            raise ConfigError(f"a policy has at most {MOST_HANDLERS} handlers", path="handlers.modules")
        _check_declared(config, len(taps))
        parts = []
        for tap in taps:
            _check_type(config, tap)
            with led_by(failed_to_start(config.name)):
                stream = make_stream(tap, config.input, streams, around.inputs)
            streams[stream.name] = stream
            parts += _parts(config, stream, around)
        return AgentPolicy(config.name, parts, origin=origin, basis=basis, tell_taps=around.tell_taps)


def _check_declared(config: PolicyConfig, taps: int) -> None:
    """ConfigError where reading the metrics that a policy declares would take long."""
    told = ((module.metrics, module.config, module.filter) for module in config.modules if module.type == CUSTOM)
    characters = taps * sum(_characters(part) for parts in told for part in parts)
    if characters > MOST_DECLARED_CHARACTERS:
        raise ConfigError(
            f"the metrics that a policy declares have at most {MOST_DECLARED_CHARACTERS} characters, not {characters}",
            path="handlers.modules",
        )


def _characters(value: Settings | Value) -> int:
    """How many characters a value has, with all that is in it."""
    if isinstance(value, Mapping):
        return sum(len(key) + _characters(one) for key, one in value.items())
    return sum(map(len, value)) if isinstance(value, list) else len(str(value))


def prepare_resources(creator: PolicyConfig, stream: Stream, around: Surroundings) -> AgentPolicy:
    """Make the policy that a stream brings along, with the windows of the policy that the stream is made for."""
    name = stream.companion
    modules = (ModuleConfig(name, RESOURCES),)
    config = PolicyConfig(name, PolicyInput(stream.input.type), modules, window=creator.window)
    part, *_ = _parts(config, stream, around, instance=name)
    return AgentPolicy(name, [part], origin=Origin.STREAM, basis=None, tell_taps=lambda _: ())


def _check_type(config: PolicyConfig, tap: Tap) -> None:
    if config.input.input_type != tap.config.input_type:
        raise ConfigError(
            f"input_type for policy specified tap '{tap.name}' doesn't match tap's defined input type: "
            f"{config.name}/{tap.name}",
            hint=f"the policy says {config.input.input_type}, the tap {tap.config.input_type}",
            path="input.input_type",
        )


def _parts(config: PolicyConfig, stream: Stream, around: Surroundings, instance: str | None = None) -> list[PolicyPart]:
    modules = make_modules(
        config,
        tap=stream.tap,
        input_type=stream.input.type,
        defaults=around.windows,
        global_settings=around.global_settings,
        name=instance,
        ports=stream.input.ports,
        names_services=around.databases.services is not None,
    )
    return [
        PolicyPart(stream, group, _windows(config, group, periods, stream, around))
        for periods, group in by_periods(modules, otherwise=periods_of(config.window, around.windows))
    ]


def _windows(
    config: PolicyConfig, modules: Sequence[Module], periods: int, stream: Stream, around: Surroundings
) -> Policy:
    return Policy(
        config.name,
        [module.instance for module in modules],
        periods=periods,
        length_s=length_of(config.window, around.windows),
        step_s=DEFAULT_STEP_S,
        is_recorded=stream.input.is_recorded,
        databases=around.databases,
    )
