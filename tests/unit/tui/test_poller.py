from __future__ import annotations

import queue
from collections.abc import Iterator

import pytest

from pktvisor.tui.poller import Poller
from pktvisor.tui.watch import State, Watch
from pktvisor.tui.watched import Reading, Request
from pktvisor.tui.windows import DEFAULT
from support.terminals import FakeWatched

Delivered = queue.Queue[State | Exception]
HOUR_S = 3600.0
PATIENCE_S = 60.0


@pytest.fixture
def delivered() -> Delivered:
    return queue.Queue()


@pytest.fixture
def poller(delivered: Delivered) -> Iterator[Poller]:
    poller = Poller(Watch(FakeWatched(), Request(DEFAULT), interval_s=HOUR_S), delivered.put)
    poller.start()
    yield poller
    poller.stop()
    poller._thread.join(PATIENCE_S)
    assert not poller._thread.is_alive()


def test_it_reads_at_once_and_when_woken(poller: Poller, delivered: Delivered) -> None:
    for _ in range(3):
        state = delivered.get(timeout=PATIENCE_S)
        assert isinstance(state, State)
        assert state.reading is not None
        poller.wake()


def test_it_reads_nothing_while_paused(poller: Poller, delivered: Delivered) -> None:
    delivered.get(timeout=PATIENCE_S)
    poller.pause(is_paused=True)
    poller.wake()
    with pytest.raises(queue.Empty):
        delivered.get(timeout=0.2)
    poller.pause(is_paused=False)
    assert isinstance(delivered.get(timeout=PATIENCE_S), State)


def test_a_failure_of_our_own_is_handed_on(delivered: Delivered) -> None:
    class Broken(FakeWatched):
        def read(self, request: Request) -> Reading:
            raise RuntimeError("a bug")

    poller = Poller(Watch(Broken(), Request(DEFAULT), interval_s=HOUR_S), delivered.put)
    poller.start()
    assert str(delivered.get(timeout=PATIENCE_S)) == "a bug"
