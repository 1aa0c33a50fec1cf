"""Made-up traffic (input mock), for demonstrations without rights and for trying policies out."""

from __future__ import annotations

from collections.abc import Sequence

from pktvisor import _core
from pktvisor.config.command_options import MOST_LOOKBACK_MB
from pktvisor.config.models import Settings
from pktvisor.config.scalars import bounded, text, texts
from pktvisor.errors import ConfigError, NotFoundError, within
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.filters import capture_filter
from pktvisor.inputs.hosts import parse_hosts
from pktvisor.inputs.live import Live
from pktvisor.inputs.recent import recent_packets
from pktvisor.inputs.sources import Source, SourceInput

TRAFFIC_KEYS = ("traffic", "seed", "packets_per_second")
"""Keys that ask for traffic. Without any of them nothing happens, as in the C++ agent."""
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

    def start(self, policies: list[_core.Policy]) -> None:
        if "except_on_start" in self.config:
            raise ConfigError("mock error on start")
        super().start(policies)

    def recent_packets(self, *, filter_expression: str, seconds: int | None, most_bytes: int) -> bytes:
        if self._live is None or self._live.at_work is None:
            raise NotFoundError("this input makes no packets up")
        return recent_packets(
            self._live.at_work, seconds=seconds, most_bytes=most_bytes, filter_expression=filter_expression
        )


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
