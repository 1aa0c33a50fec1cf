"""Windows as snapshots: which are shown, and that closed ones stay as they are."""

from __future__ import annotations

import copy
import threading
import tracemalloc
from typing import Any

import pytest

from pktvisor import _core
from pktvisor.errors import ConfigError, PeriodError
from pktvisor.handlers import handler
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.net import Net
from pktvisor.metrics.snapshot import HandlerSnapshot, QuantileValues, memory_bytes
from pktvisor.outputs.json import encode, policy_document
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from support.captures import FOLDER

NOW_NS = 2_000_000_000 * 10**9


def make(*, periods: int = 5, is_recorded: bool = False) -> Policy:
    return Policy("test", [Instance("net", Net(HandlerSettings()))], periods=periods, is_recorded=is_recorded)


def filled(*, periods: int = 5, is_recorded: bool = False) -> Policy:
    policy = make(periods=periods, is_recorded=is_recorded)
    run_file(str(FOLDER / "multi_window.pcap"), policy)
    return policy


def text(policy: Policy, number: int, now_ns: int = NOW_NS) -> bytes:
    return encode(policy_document(policy.bucket(number, now_ns)))


def test_closed_windows_are_read_once_and_stay_the_same() -> None:
    policy = filled()
    for number in range(policy.core.available()):
        first = policy.bucket(number, NOW_NS)
        assert policy.bucket(number, NOW_NS + 10**10) is first
        assert first[0].is_closed
    assert policy.latest(NOW_NS) is policy.bucket(1, NOW_NS)


def test_no_more_closed_windows_are_kept_than_periods() -> None:
    policy = filled(periods=3)
    for number in range(3):
        policy.bucket(number, NOW_NS)
    run_file(str(FOLDER / "multi_window.pcap"), policy)
    for number in range(3):
        policy.bucket(number, NOW_NS)
    assert len(policy._closed) <= 3


def test_a_recording_that_goes_on_is_read_again() -> None:
    policy = make(is_recorded=True)
    run_file(str(FOLDER / "dhcp4.pcap"), policy)
    before = policy_document(policy.bucket(0, 0))
    run_file(str(FOLDER / "dhcp4.pcap"), policy)
    assert policy_document(policy.bucket(0, 0)) != before


def test_windows_that_are_not_there_are_told_from_those_that_never_will_be() -> None:
    policy = make()
    with pytest.raises(PeriodError, match=r"not yet accumulated, current range is \[0, 0\]") as early:
        policy.bucket(1, NOW_NS)
    with pytest.raises(PeriodError, match=r"invalid metrics period, specify \[0, 4\]") as never:
        policy.bucket(5, NOW_NS)
    assert (early.value.is_early, never.value.is_early) == (True, False)
    with pytest.raises(PeriodError, match=r"specify \[2, 5\]"):
        policy.window(1, NOW_NS)


def test_before_anything_is_fed_there_is_an_empty_window_that_begins_now() -> None:
    (snapshot,) = make().bucket(0, NOW_NS)
    assert (snapshot.start_ns, snapshot.length, snapshot.is_closed) == (NOW_NS, 0, False)
    assert {sample.value for sample in snapshot.samples if sample.kind == "counter"} == {0}


def test_a_window_of_all_periods_holds_what_the_buckets_hold() -> None:
    policy = filled(is_recorded=True)
    buckets = [policy.bucket(number, 0)[0] for number in range(policy.core.available())]
    whole = policy.window(5, 0)[0]
    totals = [next(one.value for one in bucket.samples if one.path == ("total",)) for bucket in buckets]
    assert next(one.value for one in whole.samples if one.path == ("total",)) == sum(map(int, totals))  # type: ignore[arg-type]
    assert whole.start_ts == buckets[-1].start_ts


def test_reading_while_windows_shift_never_mixes_them() -> None:
    """The window that closed last is always one of those that there are in the end."""
    expected = {text(filled(), number) for number in range(4)}
    policy = make()
    seen: list[bytes] = []

    def read() -> None:
        seen.extend(text(policy, 1) for _ in range(200) if policy.core.available() > 1)

    reader = threading.Thread(target=read)
    reader.start()
    run_file(str(FOLDER / "multi_window.pcap"), policy)
    reader.join()
    assert set(seen) <= expected


def test_a_plan_that_makes_no_sense_names_the_policy() -> None:
    with pytest.raises(ConfigError, match="policy test: handler 0 can't stand behind handler 3"):
        Policy("test", [Instance("net", Net(HandlerSettings()), behind=3)])


START_TS = 1_795_476_569
"""Of the capture."""


class StillOpen:
    """A window of the core that was read before its input ended."""

    is_closed = False

    def __init__(self, window: Any) -> None:
        self._window = window

    def __getattr__(self, name: str) -> Any:
        return getattr(self._window, name)


class StillReading:
    """A policy of the core whose input has not ended."""

    def __init__(self, core: Any) -> None:
        self._core = core

    def available(self) -> int:
        return int(self._core.available())

    def read(self, first: int, last: int) -> StillOpen:
        return StillOpen(self._core.read(first, last))


def has_live_rates(snapshot: HandlerSnapshot) -> bool:
    rates = [sample.value for sample in snapshot.samples if isinstance(sample.value, QuantileValues)]
    return any(rate.live is not None for rate in rates)


def test_a_recorded_stream_has_no_live_rates_and_its_window_is_as_long_as_its_packets() -> None:
    settings = {"live": HandlerSettings(), "recorded": HandlerSettings(options={"recorded_stream": False})}
    policy = Policy("test", [Instance(name, handler("net")(one)) for name, one in settings.items()])
    run_file(str(FOLDER / "dns_resolver.pcap"), policy)
    policy.core = StillReading(policy.core)  # type: ignore[assignment]
    live, recorded = policy.bucket(0, (START_TS + 40) * 10**9)
    assert (live.length, live.is_closed, has_live_rates(live)) == (40, False, True)
    assert (recorded.length, recorded.is_closed, has_live_rates(recorded)) == (3, True, False)


def test_answers_that_are_kept_are_told_and_forgotten_where_memory_is_short() -> None:
    policy = filled()
    account = _core.memory_account()
    first = policy.bucket(1, NOW_NS)
    told = policy.core.memory.held()["answers"]
    assert told == memory_bytes(first) > 1000
    before = dict(account.gave_way())["answers"]
    account.set_budget(1)
    try:
        policy.bucket(2, NOW_NS)
        assert policy.core.memory.held()["answers"] == 0
        assert dict(account.gave_way())["answers"] == before + 2
    finally:
        account.set_budget(0)
    again = policy.bucket(1, NOW_NS)
    assert again is not first
    assert again == first, "nothing is lost but the time to make it"


def test_what_snapshots_take_is_told_about_right() -> None:
    snapshots = filled().window(3, NOW_NS)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        copies = copy.deepcopy(snapshots)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert copies == snapshots
    assert taken / 3 < memory_bytes(snapshots) < taken * 3
