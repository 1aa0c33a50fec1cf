from __future__ import annotations

import logging
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from pktvisor.errors import ConfigError
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs import otlp_push
from pktvisor.outputs.http_post import Reply
from pktvisor.outputs.otlp import Resource
from pktvisor.outputs.otlp_http import Receiver
from pktvisor.outputs.otlp_push import Pusher, PushOptions
from support.agents import FakePolicy
from support.http_receiver import answer, silent
from support.otlp_receiver import partial_success, receiving
from support.snapshots import START_TS, counter, handler

TAKEN, AGAIN, REFUSED = Reply("taken"), Reply("again", "503 Busy"), Reply("refused", "400 Bad Request")


def window(minute: int) -> list[HandlerSnapshot]:
    return [handler(counter("dns_a", "a", minute), start_ts=START_TS + 60 * minute)]


def values(request: ExportMetricsServiceRequest) -> list[int]:
    """The value of each window in a request; `window` makes it the minute of its start."""
    scopes = request.resource_metrics[0].scope_metrics
    return [point.as_int for scope in scopes for metric in scope.metrics for point in metric.gauge.data_points]


@dataclass
class World:
    """Time, policies, and a receiver that answers what it is told."""

    now_s: float = 1000.0
    policies: dict[str, FakePolicy] = field(default_factory=lambda: {"p": FakePolicy("p", [window(0)])})
    replies: list[Reply] = field(default_factory=list)
    seconds_to_answer: float = 0.0
    sent: list[tuple[float, list[int]]] = field(default_factory=list)
    """When a request came, and its windows."""
    resources: list[str] = field(default_factory=list)

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        request = ExportMetricsServiceRequest.FromString(message)
        self.sent.append((self.now_s - 1000, values(request)))
        self.now_s += min(self.seconds_to_answer, timeout_s)
        return self.replies.pop(0) if self.replies else TAKEN

    def abort(self) -> None:
        raise AssertionError("nothing is at work between steps")

    def close(self) -> None:
        return

    def pusher(self, interval_s: int = 60) -> Pusher:
        options = PushOptions(Receiver(), interval_s)
        return Pusher(lambda: self.policies, options, Resource("5.0.0"), sender=self, monotonic=lambda: self.now_s)

    def close_window(self, name: str = "p") -> None:
        buckets = self.policies[name].buckets
        newest = (buckets[0][0].start_ts - START_TS) // 60
        self.policies[name].buckets = [window(newest + 1), *buckets][:5]

    def live(self, pusher: Pusher, seconds: float, *, closing_every_s: float = 60.0) -> None:
        """Let time pass as the thread would see it."""
        end_s, close_s = self.now_s + seconds, self.now_s + closing_every_s
        while self.now_s < end_s:
            waited = pusher.step()
            assert 0 <= waited <= 10
            self.now_s += max(waited, 0.01)
            while self.now_s >= close_s:
                self.close_window()
                close_s += closing_every_s


def test_every_closed_window_is_sent_once_at_the_interval() -> None:
    world = World()
    pusher = world.pusher(interval_s=120)
    world.live(pusher, 601)
    assert [minutes for _, minutes in world.sent] == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    assert [round(when) for when, _ in world.sent] == [120, 240, 360, 480, 600]
    assert pusher.counters() == {"sent": 10, "failed": 0, "dropped": 0, "rejected": 0, "queued": 0}


def test_no_window_is_lost_though_the_interval_is_longer_than_windows_are_kept() -> None:
    world = World()
    pusher = world.pusher(interval_s=900)
    world.live(pusher, 901)
    assert [minutes for _, minutes in world.sent] == [list(range(15))]


def test_a_live_window_is_sent_at_each_interval() -> None:
    world = World(policies={"p": FakePolicy("p", [window(0)], periods=1)})
    pusher = world.pusher(interval_s=15)
    world.live(pusher, 46, closing_every_s=1000)
    assert [round(when) for when, _ in world.sent] == [15, 30, 45]
    assert [minutes for _, minutes in world.sent] == [[0]] * 3


def test_nothing_is_sent_where_there_is_nothing_to_say() -> None:
    world = World(policies={"p": FakePolicy("p", [window(0), [handler()]])})
    pusher = world.pusher(interval_s=10)
    world.live(pusher, 30, closing_every_s=1000)
    assert world.sent == []


def test_a_busy_receiver_is_asked_again_after_longer_and_longer_delays() -> None:
    world = World(replies=[AGAIN] * 8)
    pusher = world.pusher()
    world.live(pusher, 60.1)
    world.live(pusher, 400, closing_every_s=1000)
    times = [when for when, _ in world.sent]
    delays = [after - before for before, after in pairwise(times)]
    for attempt, delay in enumerate(delays):
        longest = min(2.0**attempt, 60.0)
        assert longest / 2 <= delay <= longest + 0.1
    assert all(minutes == [0] for _, minutes in world.sent)
    assert pusher.counters()["sent"] == 1


def test_a_receiver_that_says_when_is_believed_within_bounds() -> None:
    world = World(replies=[Reply("again", "503", retry_after_s=90), Reply("again", "503", retry_after_s=1e9)])
    pusher = world.pusher()
    world.live(pusher, 60.1)
    world.live(pusher, 900, closing_every_s=10_000)
    times = [when for when, _ in world.sent]
    assert [round(after - before) for before, after in pairwise(times)] == [90, 600]


def test_windows_wait_in_order_and_go_together(caplog: pytest.LogCaptureFixture) -> None:
    world = World(replies=[AGAIN] * 9)
    pusher = world.pusher()
    with caplog.at_level(logging.INFO):
        world.live(pusher, 400)
    taken = world.sent[9][1]
    assert taken == list(range(len(taken)))
    assert len(taken) > 2
    assert world.sent[10][1] == [len(taken)]
    assert [record.message for record in caplog.records] == [
        "the OTLP receiver can't be reached; windows are queued: 503 Busy",
        "the OTLP receiver is back",
    ]


def test_the_oldest_windows_are_dropped_when_too_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_push, "MOST_WINDOWS", 3)
    world = World(replies=[AGAIN] * 1000)
    pusher = world.pusher()
    world.live(pusher, 481)
    assert pusher.counters() == {"sent": 0, "failed": 0, "dropped": 5, "rejected": 0, "queued": 3}
    world.replies = []
    world.live(pusher, 60, closing_every_s=1000)
    assert world.sent[-1][1] == [5, 6, 7]


def test_what_is_refused_is_counted_and_does_not_come_again(caplog: pytest.LogCaptureFixture) -> None:
    world = World(replies=[REFUSED])
    pusher = world.pusher()
    world.live(pusher, 121)
    assert [minutes for _, minutes in world.sent] == [[0], [1]]
    assert pusher.counters()["failed"] == 1
    assert "refused 1 windows: 400 Bad Request" in caplog.text


def test_points_that_were_rejected_are_counted_beside_windows() -> None:
    world = World(replies=[Reply("taken", "too old", rejected=7)])
    pusher = world.pusher()
    world.live(pusher, 61)
    assert pusher.counters() == {"sent": 1, "failed": 0, "dropped": 0, "rejected": 7, "queued": 0}


def test_many_windows_are_cut_into_requests() -> None:
    world = World()
    world.policies = {f"p{number}": FakePolicy("p", [window(1), window(number)]) for number in range(70)}
    pusher = world.pusher()
    world.live(pusher, 61, closing_every_s=1000)
    assert [len(minutes) for _, minutes in world.sent] == [32, 32, 6]


def test_a_slow_receiver_does_not_make_windows_be_missed() -> None:
    world = World(seconds_to_answer=9)
    world.policies |= {f"q{number}": FakePolicy("q", [window(1), window(90)]) for number in range(32 * 12)}
    pusher = world.pusher()
    world.live(pusher, 600)
    everything = [minute for _, minutes in world.sent for minute in minutes if minute < 90]
    assert everything == sorted(set(everything)) == list(range(len(everything)))
    assert len(everything) >= 8


def test_missed_intervals_are_not_made_up_for() -> None:
    world = World(policies={"p": FakePolicy("p", [window(0)], periods=1)})
    pusher = world.pusher()
    world.now_s += 1000
    pusher.step()
    assert pusher.step() > 0
    assert len(world.sent) == 1


def test_ending_sends_what_waits_once_and_drops_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    world = World(replies=[AGAIN, AGAIN])
    pusher = world.pusher()
    world.live(pusher, 60.1)
    world.close_window()
    pusher.finish()
    assert [minutes for _, minutes in world.sent] == [[0], [0, 1]]
    assert caplog.messages[-1] == "2 windows did not reach the OTLP receiver"
    assert pusher.counters() == {"sent": 0, "failed": 0, "dropped": 2, "rejected": 0, "queued": 0}


@pytest.mark.parametrize("interval_s", [0, -1, 10**9])
def test_an_interval_that_makes_no_sense_is_told(interval_s: int) -> None:
    with pytest.raises(ConfigError, match=f"otel_interval: {interval_s} is not an interval"):
        PushOptions(Receiver(), interval_s)


def pusher_to(port: int, policies: dict[str, FakePolicy]) -> Pusher:
    options = PushOptions(Receiver(host="127.0.0.1", port=port), interval_s=1)
    return Pusher(lambda: policies, options, Resource("5.0.0", "pop1"))


def test_a_thread_pushes_to_a_receiver_that_has_its_faults() -> None:
    policy = FakePolicy("p", [window(1), window(0)])
    with receiving(answer(503), partial_success(2, "too old")) as receiver:
        pusher = pusher_to(receiver.port, {"p": policy})
        pusher.start()
        receiver.wait()
        receiver.wait()
        policy.buckets = [window(2), *policy.buckets]
        pusher.stop()
    assert [values(request) for request in receiver.requests] == [[0], [0], [1]]
    assert pusher.counters() == {"sent": 2, "failed": 0, "dropped": 0, "rejected": 2, "queued": 0}
    attributes = receiver.requests[0].resource_metrics[0].resource.attributes
    assert {one.key: one.value.string_value for one in attributes}["service.instance.id"] == "pop1"


def test_what_goes_wrong_inside_does_not_end_the_thread(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(otlp_push, "LOOK_SECONDS", 0.05)
    faults = [RuntimeError("policies are being changed")]

    def policies() -> dict[str, FakePolicy]:
        if faults:
            raise faults.pop()
        return {"p": FakePolicy("p", [window(1), window(0)])}

    with receiving() as receiver:
        options = PushOptions(Receiver(host="127.0.0.1", port=receiver.port), interval_s=1)
        pusher = Pusher(policies, options, Resource("5.0.0"))
        pusher.start()
        receiver.wait()
        pusher.stop()
    assert pusher.counters()["sent"] == 1
    assert "policies are being changed" in caplog.text


def test_stopping_does_not_wait_for_a_receiver_that_hangs() -> None:
    policy = FakePolicy("p", [window(1), window(0)])
    with receiving(silent) as receiver:
        pusher = pusher_to(receiver.port, {"p": policy})
        pusher.start()
        receiver.wait()
        pusher.stop(timeout_s=0.2)
        assert pusher.counters() == {"sent": 0, "failed": 0, "dropped": 1, "rejected": 0, "queued": 0}


def test_stopping_before_starting_is_nothing() -> None:
    World().pusher().stop()


def test_a_window_that_is_too_large_is_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(otlp_push, "MOST_BYTES", 1 << 10)
    large = handler(*(counter(f"dns_{number}", f"a{number}", 1) for number in range(100)), start_ts=START_TS)
    world = World(policies={"p": FakePolicy("p", [window(4), [large]]), "q": FakePolicy("q", [window(4), window(3)])})
    pusher = world.pusher(interval_s=10)
    world.live(pusher, 11, closing_every_s=1000)
    assert [values for _, values in world.sent] == [[3]]
    assert pusher.counters()["dropped"] == 1
    assert "policy [p]: a window of more than 0 MB is not pushed by OTLP" in caplog.text
