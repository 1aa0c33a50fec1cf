"""What becomes a mark: policies that come and go, inputs that are lost and come back, and packets that are dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pktvisor.agent.actors import actor
from pktvisor.agent.marks import MarkRing
from pktvisor.agent.stream import Stream
from pktvisor.agent.swap import Swap
from pktvisor.agent.tap import Origin
from pktvisor.inputs.interfaces import interfaces_up

MOST_NAMES = 8
"""Of one change that have marks of their own; of more, one mark tells."""
QUIET_S = 10.0
"""How long nothing is lost before the loss has ended."""
LOST = ("dropped_by_kernel", "dropped_by_us")
"""Of the ledger: packets that were there, and that nobody counted."""
BY = {
    Origin.CONFIGURATION: "by the configuration",
    Origin.API: "by the API",
    Origin.COMMAND_LINE: "by the command line",
    Origin.HUB: "by the hub",
}


def several(names: Sequence[str]) -> str:
    """Name a few, and count the rest."""
    shown = ", ".join(names[:MOST_NAMES])
    return shown if len(names) <= MOST_NAMES else f"{shown} and {len(names) - MOST_NAMES} more"


def note_swap(marks: MarkRing, swap: Swap, origin: Origin, now: float) -> None:
    """Note which policies came, went and changed, at a time in Unix seconds."""
    left = [policy.name for policy in swap.leaving if policy.origin is not Origin.STREAM]
    came = [policy.name for policy in swap.arriving.values() if policy.origin is not Origin.STREAM]
    who = actor()
    by = BY.get(origin, "") if who is None else f"by {who}"
    for word, names in (
        ("added", [name for name in came if name not in left]),
        ("changed", [name for name in came if name in left]),
        ("removed", [name for name in left if name not in came]),
    ):
        for subject, what in _told(names):
            marks.add(now, f"policy_{word}", subject, f"{what} {word} {by}".rstrip())


def _told(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give subjects, with what each is."""
    if len(names) <= MOST_NAMES:
        yield from ((name, f"policy {name}") for name in names)
    else:
        yield "", f"{len(names)} policies ({several(names)})"


@dataclass
class _Loss:
    """A stretch of time in which packets were dropped."""

    began_s: float
    count: int
    last_s: float


class Happenings:
    """What was seen of streams. Times are Unix seconds (`now`), and seconds of a clock that nobody sets (`now_s`)."""

    def __init__(self, marks: MarkRing) -> None:
        self._marks = marks
        self._missed: dict[str, float] = {}
        """What is missed, and since when."""
        self._dropped: dict[str, int] = {}
        """By stream how many packets were dropped so far."""
        self._losses: dict[str, _Loss] = {}

    def look(
        self,
        streams: Mapping[str, Stream],
        now: float,
        now_s: float,
        look_at_interfaces: Callable[[], Mapping[str, bool]] = interfaces_up,
    ) -> None:
        """Note what is missed that was there, what is back, and where packets are dropped."""
        live = {name: stream for name, stream in streams.items() if not stream.input.is_recorded}
        has_interfaces = any(stream.input.interfaces() for stream in live.values())
        self._look_at_work(live, look_at_interfaces() if has_interfaces else {}, now, now_s)
        self._look_at_losses(live, now, now_s)

    def _look_at_work(self, live: Mapping[str, Stream], is_up: Mapping[str, bool], now: float, now_s: float) -> None:
        states = {subject: told for stream in live.values() for subject, told in _states(stream, is_up)}
        for subject, told in states.items():
            if told and subject not in self._missed:
                self._missed[subject] = now_s
                self._marks.add(now, "input_lost", subject, f"{subject} {told}")
            elif not told and subject in self._missed:
                seconds = now_s - self._missed.pop(subject)
                self._marks.add(now, "input_back", subject, f"{subject} is back after {seconds:.0f} s")
        self._missed = {subject: since for subject, since in self._missed.items() if subject in states}

    def _look_at_losses(self, live: Mapping[str, Stream], now: float, now_s: float) -> None:
        for name, stream in live.items():
            ledger = stream.input.ledger()
            count = sum(ledger.get(lost, 0) for lost in LOST)
            self._note_loss(stream.tap, name, count - self._dropped.get(name, count), now, now_s)
            self._dropped[name] = count
        self._dropped = {name: count for name, count in self._dropped.items() if name in live}
        self._losses = {name: loss for name, loss in self._losses.items() if name in live}

    def _note_loss(self, subject: str, name: str, lost: int, now: float, now_s: float) -> None:
        loss = self._losses.get(name)
        if lost > 0 and loss is None:
            self._losses[name] = _Loss(now_s, lost, now_s)
            self._marks.add(now, "loss_began", subject, f"{subject} began to lose packets")
        elif lost > 0 and loss is not None:
            loss.count, loss.last_s = loss.count + lost, now_s
        elif loss is not None and now_s - loss.last_s >= QUIET_S:
            seconds = max(1.0, loss.last_s - loss.began_s)
            told = f"{subject} lost {loss.count:,} packets in {seconds:.0f} s, and loses none now"
            self._marks.add(now, "loss_ended", subject, told)
            del self._losses[name]


def _states(stream: Stream, is_up: Mapping[str, bool]) -> Iterator[tuple[str, str]]:
    """Give what a stream hears of, by name, and what is wrong with each: nothing of what is at work."""
    interfaces = stream.input.interfaces()
    for name, is_at_work in interfaces.items():
        yield name, "went away" if not is_at_work else "" if is_up.get(name, True) else "is down"
    if not interfaces:
        yield stream.tap, "" if stream.is_running else f"ended: {stream.input.fault or 'nobody knows why'}"
