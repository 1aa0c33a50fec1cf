"""Made-up traffic (input mock), for demonstrations without rights and for trying policies out."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from pktvisor import _core
from pktvisor.config.command_options import MOST_LOOKBACK_MB
from pktvisor.config.models import Settings
from pktvisor.config.scalars import bounded, text, texts
from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError, NotFoundError, within
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.filters import capture_filter
from pktvisor.inputs.hosts import parse_hosts
from pktvisor.inputs.live import Live
from pktvisor.inputs.recent import recent_packets
from pktvisor.inputs.sources import Source, SourceInput

logger = logging.getLogger(__name__)

TRAFFIC_KEYS = ("traffic", "seed", "packets_per_second")
"""Keys that ask for traffic. Without any of them nothing happens, as in the C++ agent."""
KEYS_OF_TRAFFIC = ("host_spec", "bpf", "lookback_mb")
"""Keys that say more of it."""
FAULT_KEY = "except_on_start"
USUAL_SEED = 1
USUAL_PACKETS_PER_SECOND = 500
MOST_PACKETS_PER_SECOND = 100_000
LARGEST_SEED = 2**64 - 1


class Silent:
    """A source of nothing."""

    is_recorded = False
    fault = None
    warnings: Sequence[str] = ()
    memory = None

    def __init__(self) -> None:
        self.is_running = False

    def check(self) -> None:
        """Nothing can be wrong with it."""

    def start(self, policies: list[_core.Policy]) -> None:
        """Be at work."""
        del policies  # there is nothing to feed them
        self.is_running = True

    def attach(self, policy: _core.Policy) -> None:
        """Feed a policy with nothing."""

    def detach(self, policy: _core.Policy) -> None:
        """Feed it no more."""

    def stop(self) -> None:
        """Be at work no more."""
        self.is_running = False

    def note_policies(self, policies: int, handlers: int) -> None:
        """Nobody is told."""

    def ledger(self) -> dict[str, int]:
        """Give what became of nothing."""
        return {}


class MockInput(SourceInput):
    """Makes up the traffic of a site (`traffic`, `packets_per_second`), the same from the same `seed`.

    It takes any other key, too; `except_on_start` makes its start fail.
    """

    type = "mock"
    keys = None

    def __init__(self, config: Settings, defaults: Defaults) -> None:
        super().__init__(config, defaults)
        self._kinds = _kinds(config)
        self._seed = bounded(config, "seed", USUAL_SEED, 0, LARGEST_SEED)
        self._packets_per_second = bounded(
            config, "packets_per_second", USUAL_PACKETS_PER_SECOND, 1, MOST_PACKETS_PER_SECOND
        )
        self._live: Live | None = None
        if any(key in config for key in TRAFFIC_KEYS):
            self._live = self._traffic(config, defaults)
        self._source: Source = self._live or Silent()
        self._ineffective = list(_ineffective(config, is_silent=self._live is None))

    def _traffic(self, config: Settings, defaults: Defaults) -> Live:
        with within("bpf"):
            program = capture_filter(text(config, "bpf"))
        with within("host_spec"):
            hosts = parse_hosts(text(config, "host_spec")) or _core.traffic_hosts()
        lookback_mb = bounded(config, "lookback_mb", defaults.lookback_mb, 0, MOST_LOOKBACK_MB)
        return Live(
            lambda policies: _core.LiveInput.traffic(
                policies,
                seed=self._seed,
                packets_per_second=self._packets_per_second,
                kinds=self._kinds,
                hosts=hosts,
                compile_filter=program,
                lookback_bytes=lookback_mb << 20,
            )
        )

    @property
    def source(self) -> Source:
        return self._source

    @property
    def warnings(self) -> Sequence[str]:
        return [*self.source.warnings, *self._ineffective]

    def start(self, policies: list[_core.Policy]) -> None:
        if FAULT_KEY in self.config:
            raise ConfigError("mock error on start")
        for warning in self._ineffective:
            logger.warning("%s", warning)
        super().start(policies)

    def recent_packets(self, *, filter_expression: str, seconds: int | None, most_bytes: int) -> bytes:
        if self._live is None or self._live.at_work is None:
            raise NotFoundError("this input makes no packets up")
        return recent_packets(
            self._live.at_work, seconds=seconds, most_bytes=most_bytes, filter_expression=filter_expression
        )


def _ineffective(config: Settings, *, is_silent: bool) -> Iterator[str]:
    """Say what has no effect: keys that say more of traffic where there is none, and those much like a known one."""
    known = (*TRAFFIC_KEYS, *KEYS_OF_TRAFFIC, FAULT_KEY)
    for key in config:
        if key in KEYS_OF_TRAFFIC and is_silent:
            yield f"{key}: it has no effect, nothing is made up without one of {', '.join(TRAFFIC_KEYS)}"
        elif key not in known and (hint := did_you_mean(key, known)):
            yield f"{key[:60]}: there is no such key, it has no effect{hint}"


def _kinds(config: Settings) -> Sequence[str]:
    """The kinds of traffic that are asked for, each once: all where none are named."""
    known = _core.traffic_kinds()
    with within("traffic"):
        wanted = texts(config, "traffic") if "traffic" in config else known
        for kind in wanted:
            if kind not in known:
                raise ConfigError(f"there is no traffic of '{str(kind)[:40]}'; there is {', '.join(known)}")
        if not wanted:
            raise ConfigError(f"it is a list of {', '.join(known)}")
    return list(dict.fromkeys(wanted))
