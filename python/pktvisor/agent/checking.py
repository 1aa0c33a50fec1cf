"""Whether an agent would take a configuration: everything but opening interfaces and sockets is tried.

A policy is made as an agent would make it. Where that fails, what is wrong is noted and taken away, and it is tried
again: so all mistakes are found by the same code that would refuse the first of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace

from pktvisor.agent.dashboards import mistakes_of_dashboards, unknown_policies
from pktvisor.agent.preparing import Surroundings, prepare
from pktvisor.agent.stream import Stream
from pktvisor.agent.swap import check_metric_names
from pktvisor.agent.tap import Origin, Tap, make_tap
from pktvisor.agent.unanswered import unanswered
from pktvisor.config.document import Document
from pktvisor.config.models import AgentConfig, PolicyConfig, Settings, TapConfig
from pktvisor.config.reading import MOST_ERRORS, locate
from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError, NoMatchError
from pktvisor.handlers import handlers
from pktvisor.handlers.base import WINDOW_OPTIONS
from pktvisor.handlers.families import Families
from pktvisor.handlers.lookups import OPTIONS, Found
from pktvisor.inputs import inputs
from pktvisor.inputs.base import Defaults
from pktvisor.policies.instances import CLAMPED, GROUP_OPTIONS, WindowDefaults
from pktvisor.policies.policy import Databases


@dataclass(frozen=True)
class Findings:
    """What there is to say of a configuration."""

    mistakes: list[ConfigError]
    warnings: list[ConfigError]
    """What an agent would take, though it has no effect."""


NOTHING = Surroundings({}, {}, WindowDefaults(), Defaults(), Databases(), tell_taps=lambda _: ())


def check_agent(
    config: AgentConfig, answered: Set[Found] = frozenset(OPTIONS), running: Surroundings = NOTHING
) -> Findings:
    """Tell what is wrong with the taps, handlers and policies of a configuration, as far as it could be read.

    `answered` is what the agent's databases tell, `running` what an agent has that takes it in addition.
    """
    errors = [*_global_mistakes(config.global_handlers)]
    taps = dict(running.taps)
    for tap in config.taps:
        errors += _tap_mistakes(tap, taps)
    around = replace(running, taps=taps, global_settings={**running.global_settings, **config.global_handlers})
    unread = {*_names(config, "taps")} - taps.keys()
    trial = _Trial({}, answered)
    for policy in config.policies:
        errors += _clamped_of_policy(policy)
        found = trial.mistakes(policy, _with_stand_in(policy, around, unread))
        errors += (error for error in found if not (unread and isinstance(error, NoMatchError)))
        if len(errors) >= MOST_ERRORS:
            break
    errors += mistakes_of_dashboards(config)
    warnings = [*trial.warnings, *unknown_policies(config)]
    return Findings(_told(errors, config.document), _told(warnings, config.document))


def _told(errors: list[ConfigError], document: Document | None) -> list[ConfigError]:
    """Give errors with their places, of each place the first one."""
    if document is not None:
        errors = [locate(error, document) for error in errors]
    first = {(error.place, error.path): error for error in reversed(errors)}
    return [error for error in errors if first[error.place, error.path] is error][:MOST_ERRORS]


def _names(config: AgentConfig, section: str) -> Iterator[str]:
    """Names in a section of the text, whether what stands there could be read or not."""
    if config.document is not None:
        yield from config.document.names("visor", section)


def _with_stand_in(policy: PolicyConfig, around: Surroundings, unread: set[str]) -> Surroundings:
    """Put a tap that is right in the place of the policy's, where that is wrong itself: the rest is checked with it."""
    return _stand_in(policy, around) if policy.input.tap in unread else around


def _stand_in(policy: PolicyConfig, around: Surroundings) -> Surroundings:
    name, wanted = policy.input.tap, policy.input.input_type
    if name is None or wanted not in inputs():
        return around
    tap = TapConfig(name, wanted, inputs()[wanted].stand_in)
    return replace(around, taps={**around.taps, name: make_tap(tap, Origin.CONFIGURATION)})


def _tap_mistakes(config: TapConfig, taps: dict[str, Tap]) -> Iterator[ConfigError]:
    """Note a tap; give what is wrong with it, whichever policy uses it."""
    try:
        taps[config.name] = make_tap(config, Origin.CONFIGURATION)
    except ConfigError as error:
        yield error
        return
    alone = {key: mistake for key in config.config if (mistake := _key_mistake(config, {key}))}
    others = config.config.keys() - alone.keys()
    for key, mistake in alone.items():
        if _key_mistake(config, {key, *others}):  # and not only for want of a key that goes with it
            mistake.path = f"taps.{config.name}.config.{mistake.path or key}"
            yield mistake


def _key_mistake(config: TapConfig, keys: Set[str]) -> ConfigError | None:
    """Give what is wrong with these keys of a tap, were they all that it has."""
    try:
        inputs()[config.input_type].check_tap({key: config.config[key] for key in config.config if key in keys})
    except ConfigError as error:
        return error
    return None


def _global_mistakes(settings: Mapping[str, Settings]) -> Iterator[ConfigError]:
    known = {type_name for type_name, _ in handlers()}
    for type_name, told in settings.items():
        path = f"global_handler_config.{type_name}"
        if type_name not in known:
            hint = did_you_mean(type_name, known) or f"there are {', '.join(sorted(known))}"
            yield ConfigError(f"stream handler type '{type_name}' is not available", hint=hint, path=path)
            continue
        versions = [handler for (name, _), handler in handlers().items() if name == type_name]
        valid = dict.fromkeys(option for handler in versions for option in (*handler.options, *WINDOW_OPTIONS))
        for key in told:
            if key not in (*valid, *GROUP_OPTIONS):
                message = f"{key} is an invalid/unsupported config or filter"
                yield ConfigError(message, hint=did_you_mean(key, valid), path=f"{path}.{key}")
        yield from _clamped(told, path)


def _clamped_of_policy(policy: PolicyConfig) -> Iterator[ConfigError]:
    path = f"policies.{policy.name}.handlers"
    yield from _clamped(policy.window or {}, f"{path}.window_config")
    for module in policy.modules:
        yield from _clamped(module.config, f"{path}.modules.{module.name}.config")


def _clamped(told: Settings, path: str) -> Iterator[ConfigError]:
    """Give an error for each number that an agent would silently make another one."""
    for key, (least, most) in CLAMPED.items():
        value = told.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and not least <= value <= most:
            yield ConfigError(f"{key} {value} is not between {least} and {most}", path=f"{path}.{key}")


@dataclass
class _Trial:
    """Policies tried one after the other."""

    owners: Families
    answered: Set[Found]
    warnings: list[ConfigError] = field(default_factory=list)

    def mistakes(self, policy: PolicyConfig, around: Surroundings) -> Iterator[ConfigError]:
        """Give what is wrong with a policy, as far as anybody wants to hear it."""
        rest: PolicyConfig | None = policy
        for _ in range(MOST_ERRORS):
            if rest is None:
                return
            streams: dict[str, Stream] = {}
            try:
                made = prepare(rest, streams, Origin.CONFIGURATION, around)
                check_metric_names([made], self.owners)
            except ConfigError as error:
                yield error
                rest, around = _without(rest, around, error.path.split("."))
            else:
                self.warnings += (one.as_mistake() for one in unanswered(made, self.answered))
                self.warnings += _of_inputs(rest, streams)
                return


def _of_inputs(policy: PolicyConfig, streams: Mapping[str, Stream]) -> Iterator[ConfigError]:
    """Give what inputs say of their settings before they are opened."""
    path = f"policies.{policy.name}.input"
    return (ConfigError(warning, path=path) for stream in streams.values() for warning in stream.input.warnings)


def _without(policy: PolicyConfig, around: Surroundings, path: list[str]) -> tuple[PolicyConfig | None, Surroundings]:
    """Give policy and surroundings without what an error is about; None where nothing can be taken away."""
    match path:
        case ["taps", name, "config", key, *_] if name in around.taps and key in around.taps[name].config.config:
            tap = around.taps[name]
            mended = {**around.taps, name: _with_settings(tap, _less(tap.config.config, key))}
            return _if_changed(policy, around, _completed(replace(around, taps=mended), policy))
        case ["policies", _, "input", "tap"] if policy.input.tap not in around.taps:
            return _if_changed(policy, around, _stand_in(policy, around))
        case ["policies", _, "input", "config", key, *_] if key in policy.input.config:
            mended_input = replace(policy.input, config=_less(policy.input.config, key))
            return replace(policy, input=mended_input), _completed(around, policy)
        case ["policies", _, "input", "config", _]:  # it is missing
            return _if_changed(policy, around, _completed(around, policy))
        case ["policies", _, "input", "filter", key, *_] if key in policy.input.filter:
            return replace(policy, input=replace(policy.input, filter=_less(policy.input.filter, key))), around
        case ["policies", _, "handlers", "window_config", key, *_] if key in (policy.window or {}):
            return replace(policy, window=_less(policy.window or {}, key)), around
        case ["global_handler_config", name, key, *_] if key in around.global_settings.get(name, {}):
            settings = {**around.global_settings, name: _less(around.global_settings[name], key)}
            return policy, replace(around, global_settings=settings)
        case ["policies", _, "handlers", "modules", name, *below] if any(one.name == name for one in policy.modules):
            return _without_module(policy, name, below), around
        case _:
            return None, around


def _if_changed(
    policy: PolicyConfig, before: Surroundings, after: Surroundings
) -> tuple[PolicyConfig | None, Surroundings]:
    """Give policy and surroundings; None for the policy where nothing has changed, or it would be tried for ever."""
    return (None if after == before else policy), after


def _completed(around: Surroundings, policy: PolicyConfig) -> Surroundings:
    """Give surroundings in which taps of a policy's input have what stands in for each setting that is missing."""
    wanted = policy.input.input_type
    stand_ins = {
        name: _with_settings(tap, {**inputs()[wanted].stand_in, **tap.config.config})
        for name, tap in around.taps.items()
        if tap.config.input_type == wanted
    }
    return replace(around, taps={**around.taps, **stand_ins})


def _with_settings(tap: Tap, settings: Settings) -> Tap:
    return make_tap(replace(tap.config, config=settings), Origin.CONFIGURATION)


def _without_module(policy: PolicyConfig, name: str, below: list[str]) -> PolicyConfig:
    """Give a policy without what an error in a module is about: a setting, else the module."""
    modules = []
    for module in policy.modules:
        match below:
            case _ if module.name != name:
                modules.append(module)
            case ["config", key, *_] if key in module.config:
                modules.append(replace(module, config=_less(module.config, key)))
            case ["filter", key, *_] if key in module.filter:
                modules.append(replace(module, filter=_less(module.filter, key)))
            case ["metric_groups", "enable", *group]:
                modules.append(replace(module, enable=_others(module.enable, ".".join(group))))
            case ["metric_groups", "disable", *group]:
                modules.append(replace(module, disable=_others(module.disable, ".".join(group))))
            case ["metrics", key, *_] if key in module.metrics and len(module.metrics) > 1:
                modules.append(replace(module, metrics=_less(module.metrics, key)))
    return replace(policy, modules=tuple(modules))


def _others(groups: tuple[str, ...], group: str) -> tuple[str, ...]:
    return tuple(name for name in groups if name != group)


def _less(settings: Settings, key: str) -> Settings:
    return {name: value for name, value in settings.items() if name != key}
