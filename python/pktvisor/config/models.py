"""What a configuration says, once it is read: taps, policies, and settings of handlers.

Models are values: equal where they say the same, so that a reload can tell what changed. They say nothing about
whether an input or a handler of that type exists; who makes those checks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pktvisor.config.document import Document

Scalar = str | int | bool
"""A scalar, typed by its text: digits are a number, `true` and `false` are truth values, the rest is text."""
Value = Scalar | list[str] | dict[str, "Value"]
"""A value in a free-form section."""
Settings = Mapping[str, Value]
"""A free-form section: `config`, `filter` or `tags`."""


@dataclass(frozen=True)
class TapConfig:
    """A named source: `taps.NAME`."""

    name: str
    input_type: str
    config: Settings = field(default_factory=dict)
    tags: Settings = field(default_factory=dict)


@dataclass(frozen=True)
class TapSelector:
    """Taps chosen by their tags: `input.tap_selector`."""

    needs_all: bool
    """Every tag must fit (`all`), or one of them (`any`)."""
    tags: tuple[tuple[str, Scalar], ...] = ()


@dataclass(frozen=True)
class PolicyInput:
    """Where a policy's events come from: `input`. Either `tap` or `selector` is set."""

    input_type: str
    tap: str | None = None
    selector: TapSelector | None = None
    config: Settings = field(default_factory=dict)
    filter: Settings = field(default_factory=dict)

    @property
    def has_source(self) -> bool:
        """It says of which type its events are, and whose."""
        return bool(self.input_type) and (self.tap is not None or self.selector is not None)


@dataclass(frozen=True)
class ModuleConfig:
    """One handler of a policy: `handlers.modules.NAME`."""

    name: str
    type: str
    version: str = "1.0"
    config: Settings = field(default_factory=dict)
    filter: Settings = field(default_factory=dict)
    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    metrics: Settings = field(default_factory=dict)
    """Metrics that the module declares itself, for the handler `custom`."""


@dataclass(frozen=True)
class PolicyConfig:
    """A policy: `policies.NAME`."""

    name: str
    input: PolicyInput
    modules: tuple[ModuleConfig, ...] = ()
    is_chain: bool = False
    """Modules were given as a sequence: each gets what the one before it kept."""
    window: Settings | None = None
    """`handlers.window_config`; None where it was not given, which lets the agent's defaults in."""
    merges_like_handlers: bool = False


@dataclass(frozen=True)
class PanelConfig:
    """One panel of a dashboard: a metric of a handler."""

    metric: str
    """Its path below the schema; of one kept apart by direction with or without that, as `in.xacts` or `xacts`."""
    policy: str = ""
    """Empty for the one that the page shows."""
    handler: str = ""
    """The module's name in its policy, or the handler's type; empty for the first that has the metric."""
    form: str = ""
    """What it is drawn as; empty for what its kind is usually drawn as."""
    title: str = ""
    width: int = 4
    """Twelfths of the screen."""


@dataclass(frozen=True)
class DashboardConfig:
    """Panels of one's own: `dashboards.NAME`."""

    name: str
    title: str = ""
    panels: tuple[PanelConfig, ...] = ()


@dataclass(frozen=True)
class AgentConfig:
    """A configuration file."""

    options: Settings = field(default_factory=dict)
    """`visor.config`: options of the daemon, by their YAML names."""
    taps: tuple[TapConfig, ...] = ()
    global_handlers: Mapping[str, Settings] = field(default_factory=dict)
    """`visor.global_handler_config`: settings of all handlers of a type."""
    policies: tuple[PolicyConfig, ...] = ()
    dashboards: tuple[DashboardConfig, ...] = ()
    warnings: tuple[str, ...] = field(default=(), compare=False)
    """One sentence each: what stands there and is ignored."""
    document: Document | None = field(default=None, compare=False, repr=False)
    """What it was read from, so that errors found later can be located (`pktvisor.config.reading.locate`)."""
