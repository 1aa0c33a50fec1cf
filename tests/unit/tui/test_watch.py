from __future__ import annotations

import pytest

from pktvisor.api.faults import BusyFault, PeriodFault, Unreachable
from pktvisor.tui.watch import LONGEST_WAIT_S, Watch
from pktvisor.tui.watched import Request
from pktvisor.tui.windows import DEFAULT, LAST, LIVE, WindowChoice, merged
from support.terminals import FakeWatched

GONE = Unreachable("gone")


def watch_of(source: FakeWatched, window: WindowChoice = DEFAULT) -> Watch:
    return Watch(source, Request(window), interval_s=2.0, now=lambda: 1000.0)


def test_what_goes_well_is_read_again_after_the_interval() -> None:
    watch = watch_of(FakeWatched())
    assert watch.step() == 2.0
    assert watch.state.reading is not None
    assert watch.state.fault is None


def test_what_never_changes_is_read_once() -> None:
    assert watch_of(FakeWatched(is_live=False)).step() is None


def test_it_waits_longer_and_longer_and_the_last_reading_stays() -> None:
    source = FakeWatched()
    watch = watch_of(source)
    watch.step()
    reading = watch.state.reading
    source.fault = GONE
    assert [watch.step() for _ in range(6)] == [2, 4, 8, 16, LONGEST_WAIT_S, LONGEST_WAIT_S]
    assert watch.state.reading is reading
    assert watch.state.fault is GONE
    assert watch.state.retry_at == 1000.0 + LONGEST_WAIT_S
    source.fault = None
    assert watch.step() == 2.0
    assert watch.state.failures == 0


@pytest.mark.parametrize(("asked_s", "waited_s"), [(None, 2.0), (9.0, 9.0), (0.0, 2.0), (3600.0, LONGEST_WAIT_S)])
def test_a_busy_agent_is_left_alone_for_as_long_as_it_asks(asked_s: float | None, waited_s: float) -> None:
    watch = watch_of(FakeWatched(fault=BusyFault("busy", retry_after_s=asked_s)))
    assert watch.step() == waited_s


@pytest.mark.parametrize(
    ("window", "most", "shown"),
    [
        (merged(5), 3, merged(3)),
        (merged(5), 1, LIVE),
        (merged(12), 10, merged(10)),
    ],
)
def test_a_window_that_the_policy_has_not_becomes_one_that_it_has(
    window: WindowChoice, most: int, shown: WindowChoice
) -> None:
    source = FakeWatched(faults_once=[PeriodFault("specify", least=2, most=most, is_early=False)])
    watch = watch_of(source, window)
    watch.step()
    assert watch.state.fault is None
    assert watch.state.reading is not None
    assert watch.state.reading.window == shown
    assert watch.state.notice == f"the policy keeps no {window.name(60)}: this is {shown.name(60)}"
    watch.step()
    assert source.asked[-1].window == shown, "it stays so"
    assert watch.state.notice == ""


def test_a_period_that_is_still_to_come_is_asked_for_again() -> None:
    early = PeriodFault("not yet accumulated", least=0, most=0, is_early=True)
    source = FakeWatched(faults_once=[early])
    watch = watch_of(source, LAST)
    watch.step()
    assert watch.state.notice == "no period has closed yet: this is the live one"
    watch.step()
    assert [request.window for request in source.asked] == [LAST, LIVE, LAST]


def test_an_agent_that_has_no_period_at_all_is_a_fault() -> None:
    watch = watch_of(FakeWatched(fault=PeriodFault("none", least=0, most=0, is_early=True)), LIVE)
    assert watch.step() == 2.0
    assert isinstance(watch.state.fault, PeriodFault)


def test_what_is_asked_for_meanwhile_is_not_undone() -> None:
    class Busy(FakeWatched):
        def read(self, request: Request):  # type: ignore[no-untyped-def]
            if request.window == DEFAULT:
                watch.ask(window=LAST, policy="second", extras={"inventory"})
                raise PeriodFault("specify", least=2, most=3, is_early=False)
            return super().read(request)

    source = Busy()
    watch = watch_of(source)
    watch.step()
    assert watch.request == Request(LAST, "second", {"inventory"})
