"""All windows of capture files as records: what `pktvisor-reader --record` writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from pktvisor import _core
from pktvisor.config.ports import PortsByProtocol
from pktvisor.inputs.faults import file_warnings
from pktvisor.inputs.filters import capture_filter
from pktvisor.inputs.unread import notes_of
from pktvisor.policies.default import READER_HANDLERS, default_instances
from pktvisor.policies.policy import Policy
from pktvisor.policies.records import window_records
from pktvisor.policies.summary import Paths, Progress, open_databases, run_file
from pktvisor.windows.record import Record

Write = Callable[[list[Record]], None]
"""Takes the records of a window; what it raises ends the reading."""


KEPT_PERIODS = 10
"""Windows that workers may be apart: each is written once all have ended it."""


@dataclass(frozen=True)
class Recorded:
    """What was written of captures."""

    windows: int
    records: int
    packets: int
    warnings: list[str]
    """One sentence each, about what could not be read."""


class _Taker:
    """Takes windows as they close, from whichever thread, and writes their records one by one."""

    def __init__(self, policy: Policy, agent: str, write: Write, stop: _core.Stop) -> None:
        self._policy, self._agent, self._write, self._stop = policy, agent, write, stop
        self._lock = Lock()
        self.windows = self.records = 0
        self.fault: Exception | None = None

    def take(self, window: _core.Window) -> None:
        with self._lock:
            if self.fault is not None:
                return
            try:
                records = window_records(self._policy, window, agent=self._agent)
                self._write(records)
            except Exception as error:  # raised again in the thread that reads
                self.fault = error
                self._stop.set()
                return
            self.windows += 1
            self.records += len(records)


def record_files(
    paths: Paths,
    write: Write,
    *,
    agent: str,
    deep_sample_rate: int = 100,
    filter_expression: str = "",
    hosts: str = "",
    geo_city: str | None = None,
    geo_asn: str | None = None,
    workers: int = 1,
    ports: PortsByProtocol | None = None,
    decapsulates: bool = False,
    progress: Progress | None = None,
    stop: _core.Stop | None = None,
    following: _core.Following | None = None,
) -> Recorded:
    """Reads a capture through net, dns and dhcp, and writes each window as it ends, so that few are kept at a time.

    With `following`, one file or directory is read as it grows, until that is stopped.

    InputError where a file can't be read at all, ConfigError for a wrong option, and what `write` raises.
    """
    instances = default_instances(READER_HANDLERS["pcap"], deep_sample_rate=deep_sample_rate)
    databases = open_databases(geo_city, geo_asn)
    policy = Policy("default", instances, periods=KEPT_PERIODS, is_recorded=True, databases=databases)
    wanted, stop = capture_filter(filter_expression), stop or _core.Stop()
    taker = _Taker(policy, agent, write, stop)
    policy.core.hand_to(taker.take)
    report = run_file(
        paths,
        policy,
        hosts=hosts,
        wanted=wanted,
        workers=workers,
        ports=ports,
        decapsulates=decapsulates,
        progress=progress,
        stop=stop,
        following=following,
    )
    policy.core.hand_to(None)
    if taker.fault is not None:
        raise taker.fault
    warnings = [*file_warnings(report), *notes_of(report, wanted)]
    return Recorded(taker.windows, taker.records, report.packets, warnings)
