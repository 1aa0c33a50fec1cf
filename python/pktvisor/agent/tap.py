"""Taps: named sources that policies choose, by name or by tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from pktvisor.api import documents
from pktvisor.api.keys import document_of
from pktvisor.config.models import PolicyInput, Scalar, TapConfig, TapSelector
from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError, ConflictError, NoMatchError, within
from pktvisor.inputs import inputs

TAP_INTERFACE = "visor.module.input/1.0"
"""What clients expect as the interface of every tap."""
MOST_TAPS = 1000


class Origin(Enum):
    """Who made a tap or a policy: a changed configuration touches only what came from one."""

    CONFIGURATION = "configuration"
    API = "api"
    COMMAND_LINE = "command line"
    STREAM = "stream"
    HUB = "hub"


@dataclass(frozen=True)
class Tap:
    """A named source. Nothing is opened for it before a policy uses it."""

    config: TapConfig
    origin: Origin

    @property
    def name(self) -> str:
        """Its name."""
        return self.config.name

    def told(self) -> documents.ShownTap:
        """Tell of it, as clients expect."""
        config = self.config
        return documents.ShownTap(config.name, config.input_type, config.config, config.tags, TAP_INTERFACE)

    def describe(self) -> dict[str, object]:
        """Give what it tells as a document."""
        return document_of(self.told())


def make_tap(config: TapConfig, origin: Origin) -> Tap:
    """Make a tap. ConfigError where there is no input of its type."""
    if config.input_type not in inputs():
        known = ", ".join(inputs())
        raise ConfigError(
            f"Tap '{config.name}' requires input stream type '{config.input_type}' which is not available",
            hint=did_you_mean(config.input_type, inputs()) or f"there are {known}",
            path=f"taps.{config.name}.input_type",
        )
    return Tap(config, origin)


def tap_exists(name: str) -> ConflictError:
    """Give the error for a name that another tap has."""
    return ConflictError(f"module name '{name}' already exists", path=f"taps.{name}")


def check_number(taps: Mapping[str, Tap]) -> None:
    """ConfigError where there are more than an agent knows."""
    if len(taps) > MOST_TAPS:
        raise ConfigError(f"an agent has at most {MOST_TAPS} taps: remove some first", path="taps")


def select(wanted: PolicyInput, taps: Mapping[str, Tap]) -> list[Tap]:
    """Choose the taps that a policy wants.

    ConfigError where there is no tap of that name or one is of another type, NoMatchError where a selector meets none.
    """
    if wanted.selector is None:
        name = str(wanted.tap)
        if name not in taps:
            raise ConfigError(f"tap '{name}' does not exist", hint=did_you_mean(name, taps), path="input.tap")
        return [taps[name]]
    with within("input.tap_selector"):
        chosen = [tap for tap in taps.values() if _meets(wanted.selector, tap)]
    if not chosen:
        raise NoMatchError("no tap match found for specified 'input.tap_selector' tags", path="input.tap_selector")
    return chosen


def _meets(selector: TapSelector, tap: Tap) -> bool:
    if not selector.tags:
        return False
    fits = [_fits(tap, key, value) for key, value in selector.tags]
    return all(fits) if selector.needs_all else any(fits)


def _fits(tap: Tap, key: str, wanted: Scalar) -> bool:
    if key not in tap.config.tags:
        return False
    value = tap.config.tags[key]
    if type(value) is type(wanted):
        return value == wanted
    if isinstance(wanted, str):
        raise ConfigError(f"wrong type for key: {key}")
    raise ConfigError(f"Tap [{tap.name}]: tag and selector value types are different for key '{key}'")
