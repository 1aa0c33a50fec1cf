"""From a policy's modules to handlers: what each is told, and by whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pktvisor.config.command_options import DEFAULT_LENGTH_S, MOST_LENGTH_S, MOST_PERIODS
from pktvisor.config.models import ModuleConfig, PolicyConfig, Settings, Value
from pktvisor.config.ports import PortsByProtocol
from pktvisor.config.scalars import number, texts
from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError, failed_to_start, led_by, within
from pktvisor.handlers import handlers
from pktvisor.handlers.base import WINDOW_OPTIONS, Handler, HandlerSettings
from pktvisor.policies.plan import Instance, Plan

GROUP_OPTIONS = ("enable", "disable")
LENGTH = "length_s"
"""How long windows are: a key of window configurations, since it holds for a whole policy and not for a handler."""
CLAMPED: Mapping[str, tuple[int, int]] = {"num_periods": (1, MOST_PERIODS), "deep_sample_rate": (1, 100)}
"""Numbers that are brought within bounds, as the C++ pktvisor does."""


@dataclass(frozen=True)
class WindowDefaults:
    """What the agent's options say of windows, where a policy says nothing."""

    periods: int = 5
    deep_sample_rate: int = 100
    length_s: int = DEFAULT_LENGTH_S

    def settings(self) -> Settings:
        """Give them as a policy would have said them."""
        return {"num_periods": self.periods, "deep_sample_rate": self.deep_sample_rate, LENGTH: self.length_s}


@dataclass(frozen=True)
class Module:
    """A handler of a policy with everything that was said about it."""

    name: str
    """Its key in the policy."""
    instance: Instance
    periods: int
    """Windows that it keeps, from 1 to 10."""
    config: Mapping[str, Value] = field(default_factory=dict)
    """What it was told, as descriptions show it."""


def make_modules(
    policy: PolicyConfig,
    *,
    tap: str,
    input_type: str,
    defaults: WindowDefaults,
    global_settings: Mapping[str, Settings],
    name: str | None = None,
    ports: PortsByProtocol | None = None,
    names_services: bool = False,
) -> list[Module]:
    """Make a policy's handlers for one of its taps; `name` is their instances' where it is not made up of the parts'.

    `ports` are those by which the tap's input knows protocols, `names_services` says that a registry names them.

    ConfigError, with its place, for what makes no sense.
    """
    modules: list[Module] = []
    for place, module in enumerate(policy.modules):
        with within(f"handlers.modules.{module.name}"):
            of_type = global_settings.get(module.type, {})
            told = _told(module, policy.window, defaults, of_type)
            with _placed(module, policy.window, of_type):
                given = HandlerSettings(input_type=input_type, input_ports=ports or {}, names_services=names_services)
                made = _make_handler(policy.name, module, told, given)
                is_behind = policy.is_chain and place > 0
                instance = Instance(
                    name or f"{policy.name}-{tap}-{module.name}", made, tap, place - 1 if is_behind else None
                )
                with led_by(failed_to_start(policy.name)):
                    Plan([instance._replace(behind=None)])  # reads what it was told, so that errors have their place
            # A chain shares one row of windows: each link's events are those that the link before it kept.
            periods = modules[0].periods if is_behind else _periods(told)
            modules.append(Module(module.name, instance, periods, told))
    return modules


@contextmanager
def _placed(module: ModuleConfig, window: Settings | None, of_type: Settings) -> Iterator[None]:
    """Give errors that know their key the place where it was said: the module's own section, or one for all modules."""
    try:
        yield
    except ConfigError as error:
        path = error.path or error.key
        key = path.partition(".")[0]
        if key in GROUP_OPTIONS and getattr(module, key):
            error.path = f"metric_groups.{path}"
        elif key in module.filter:
            error.path = f"filter.{path}"
        elif key in module.config:
            error.path = f"config.{path}"
        elif key in of_type and key not in (window or {}):
            error.path, error.is_rooted = f"global_handler_config.{module.type}.{path}", True
        raise


def periods_of(window: Settings | None, defaults: WindowDefaults) -> int:
    """How many windows a window configuration asks for."""
    return _periods(defaults.settings() if window is None else window)


def length_of(window: Settings | None, defaults: WindowDefaults) -> int:
    """How many seconds windows last by a window configuration. ConfigError, with its place, where that is no length."""
    if window is None:
        return defaults.length_s
    with within("handlers.window_config"), within(LENGTH):
        length_s = number(window, LENGTH, DEFAULT_LENGTH_S)
        if not 1 <= length_s <= MOST_LENGTH_S:
            raise ConfigError(f"a window of {length_s} seconds is not between 1 and {MOST_LENGTH_S}")
        return length_s


def _periods(told: Settings) -> int:
    return _clamped(told, "num_periods", WindowDefaults.periods)


def _clamped(told: Settings, key: str, default: int) -> int:
    least, most = CLAMPED[key]
    return max(least, min(most, number(told, key, default)))


def _told(
    module: ModuleConfig, window: Settings | None, defaults: WindowDefaults, global_settings: Settings
) -> dict[str, Value]:
    """Everything that a handler is told; what comes later in this list wins."""
    told: dict[str, Value] = {**global_settings, **module.config}
    of_window = defaults.settings() if window is None else window
    told |= {key: value for key, value in of_window.items() if key != LENGTH}
    told |= {key: value for key, value in module.filter.items() if key not in WINDOW_OPTIONS}
    for key, groups in (("enable", module.enable), ("disable", module.disable)):
        if groups:
            told[key] = list(groups)
    return told


def _make_handler(policy_name: str, module: ModuleConfig, told: Settings, given: HandlerSettings) -> Handler:
    """Make a handler by what it was told, and by what its surroundings have given."""
    declared = _find_handler(policy_name, module)
    if given.input_type not in declared.inputs:
        raise ConfigError(
            f"{_peer_class(declared)}: unsupported input event proxy {given.input_type}",
            hint=f"{module.type} {module.version} takes {', '.join(declared.inputs)}",
            path="type",
        )
    with led_by(failed_to_start(policy_name)):
        settings = replace(
            given,
            options={key: value for key, value in told.items() if key not in (*WINDOW_OPTIONS, *GROUP_OPTIONS)},
            enable=texts(told, "enable"),
            disable=texts(told, "disable"),
            deep_sample_rate=_clamped(told, "deep_sample_rate", WindowDefaults.deep_sample_rate),
            topn_count=number(told, "topn_count", 10),
            topn_percentile_threshold=_threshold(told),
            metrics=module.metrics,
        )
        return declared(settings)


def _find_handler(policy_name: str, module: ModuleConfig) -> type[Handler]:
    versions = [version for name, version in handlers() if name == module.type]
    if module.version in versions:
        return handlers()[module.type, module.version]
    wanted = f"Policy '{policy_name}' requires stream handler type '{module.type}' and version '{module.version}'"
    if versions:
        there = f"there are {', '.join(versions)}"
        raise ConfigError(f"{wanted} which is not available", hint=there, path="require_version")
    types = list(dict.fromkeys(name for name, _ in handlers()))
    hint = did_you_mean(module.type, types) or f"there are {', '.join(types)}"
    raise ConfigError(f"{wanted} which is not available", hint=hint, path="type")


def _threshold(told: Settings) -> int:
    threshold = number(told, "topn_percentile_threshold", 0)
    if threshold > 100:
        raise ConfigError(
            f"threshold must be between 0 and 100 but has value {threshold / 100:f}", path="topn_percentile_threshold"
        )
    return threshold


def _peer_class(declared: type[Handler]) -> str:
    """Name a handler as the C++ pktvisor's error texts do."""
    name = declared.peer_name or "".join(part.capitalize() for part in declared.type.split("_"))
    return f"{name}StreamHandler"


def by_periods(modules: Sequence[Module], *, otherwise: int) -> Iterator[tuple[int, list[Module]]]:
    """Part modules into those that keep equally many windows, in the order of their first.

    Without modules there is one part without any, which keeps `otherwise` windows.
    """
    groups: dict[int, list[Module]] = {} if modules else {otherwise: []}
    for module in modules:
        groups.setdefault(module.periods, []).append(module)
    yield from groups.items()
