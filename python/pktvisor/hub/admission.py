"""How a delivery comes in: read, checked, written to the journal, merged, acknowledged."""

from __future__ import annotations

import logging
import threading
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pktvisor import _core
from pktvisor.errors import InputError
from pktvisor.hub.agent_steps import AgentSteps
from pktvisor.hub.delivery import MINUTE_NS, Delivery, minute_of, read_delivery
from pktvisor.hub.gate import Gate
from pktvisor.hub.journal import Entry, Journal, Position
from pktvisor.hub.minutes import Minutes
from pktvisor.hub.registry import Registry
from pktvisor.hub.seen import MOST_SERIES, Series, WindowKey

logger = logging.getLogger(__name__)

MINUTES_PER_HOUR = 60
FURTHEST_AHEAD_NS = MINUTES_PER_HOUR * MINUTE_NS
"""By how much an agent's clock may be ahead of the hub's."""


class RefusedDelivery(InputError):
    """A delivery that is never taken, however often it is sent."""


class WrongSenderError(InputError):
    """A delivery of another agent than the one that may send it."""


class BusyError(InputError):
    """A delivery that may be taken later."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the windows of a delivery."""

    stored: int = 0
    duplicate: int = 0
    refused: int = 0
    """Whose sketches are damaged."""


@dataclass(slots=True)
class Counters:
    """What came in since the start."""

    deliveries: int = 0
    bytes: int = 0
    windows_stored: int = 0
    windows_duplicate: int = 0
    windows_refused: int = 0
    deliveries_refused: int = 0


class Kept(NamedTuple):
    """A delivery in the journal."""

    sequence: int
    position: Position
    taken: int
    """A bit for each of its windows: whether it counts."""
    agent_mark: int
    """The mark of its agent."""


def mark_of(agent: str) -> int:
    """A number by which the deliveries of an agent are found; few agents share one."""
    return zlib.crc32(agent.encode())


class HourIndex:
    """Where the deliveries of an hour are in the journal, in few bytes each."""

    def __init__(self, kept: Iterable[Kept] = ()) -> None:
        self._numbers = array("Q")
        for one in kept:
            self.add(one)

    def __iter__(self) -> Iterator[Kept]:
        numbers = iter(self._numbers)
        for sequence, segment, offset, taken, mark in zip(*[numbers] * 5, strict=True):
            yield Kept(sequence, Position(segment, offset), taken, mark)

    def __len__(self) -> int:
        return len(self._numbers) // 5

    def add(self, kept: Kept) -> None:
        """Add a delivery."""
        self._numbers.extend((kept.sequence, *kept.position, kept.taken, kept.agent_mark))


class Admission:
    """Takes deliveries, from any thread."""

    def __init__(self, journal: Journal, registry: Registry, minutes: Minutes, *, oldest_minute: int = 0) -> None:
        self._journal, self._registry, self._minutes = journal, registry, minutes
        self.oldest_minute = oldest_minute
        """Windows of earlier minutes are not kept any more."""
        self.gate = Gate()
        """Closed, everything that is in the journal and acknowledged has been merged, noted, and is known."""
        self.steps = AgentSteps()
        """What each agent measured lately, in few figures."""
        self._indexing = threading.Lock()
        self.hours: dict[int, HourIndex] = {}
        """By hour, counted from 1970, the deliveries that are not sealed."""
        self.counters = Counters()

    def take(self, body: bytes, now_ns: int, *, only_agent: str | None = None) -> Receipt:
        """Take a delivery; it is on disk when this returns.

        Raises `RefusedDelivery` for what can never be taken, `BusyError` for what may be sent again, `InputError`
        where the disk fails. With `only_agent`, those of others raise `WrongSenderError`.
        """
        try:
            delivery = self._read(body, now_ns, only_agent)
        except (RefusedDelivery, WrongSenderError):
            self.counters.deliveries_refused += 1
            raise
        windows = windows_of(delivery)
        fresh = self._registry.seen.reserve(windows)
        if fresh is None:
            raise BusyError("the same delivery is being taken at this moment: send it again")
        reserved = [window for window, is_new in zip(windows, fresh, strict=True) if is_new]
        receipt = Receipt(duplicate=len(windows) - len(reserved))
        if reserved:
            receipt = self._keep(delivery, body, now_ns, reserved)
        else:
            self._registry.note(delivery, now_ns, stored=0, duplicate=receipt.duplicate)
        self._count(receipt, len(body))
        return receipt

    def _read(self, body: bytes, now_ns: int, only_agent: str | None) -> Delivery:
        try:
            delivery = read_delivery(body)
        except InputError as error:
            raise RefusedDelivery(str(error)) from error
        name = delivery.sender.agent
        if only_agent is not None and name != only_agent:
            raise WrongSenderError(f"this token is for the agent {only_agent}, not for {name}")
        if not self._registry.has_room_for(name, now_ns):
            raise BusyError(f"there are too many agents: {name} is one more than the hub can know")
        if not self._registry.seen.has_room_for(windows_of(delivery)):
            raise self._refused(name, f"{name} has windows of more than {MOST_SERIES} handlers", now_ns)
        for run in delivery.runs:
            if max(run.start_ns, run.end_ns) > now_ns + FURTHEST_AHEAD_NS:
                reason = f"the clock of {name} is more than an hour ahead of the hub's"
            elif minute_of(run) < self.oldest_minute:
                reason = f"window {run.number} of {run.instance} is older than what the hub keeps"
            else:
                continue
            raise self._refused(name, reason, now_ns)
        return delivery

    def _refused(self, name: str, reason: str, now_ns: int) -> RefusedDelivery:
        self._registry.note_refusal(name, reason, now_ns)
        return RefusedDelivery(reason)

    def _keep(self, delivery: Delivery, body: bytes, now_ns: int, reserved: Sequence[WindowKey]) -> Receipt:
        is_kept = False
        with self.gate.passing():
            try:
                taken = _bits(window in reserved for window in windows_of(delivery))
                entry = self._journal.append(body, now_ns, taken)
                is_kept = True
                receipt, reasons = self._merge(entry, delivery, taken)
                self._registry.note(delivery, now_ns, stored=receipt.stored, duplicate=receipt.duplicate)
                self._note_refusals(delivery, reasons, now_ns)
                return receipt
            finally:
                self._registry.seen.release(reserved, are_known=is_kept)

    def _note_refusals(self, delivery: Delivery, reasons: Iterable[str], now_ns: int) -> None:
        """Note why windows of an agent, which is known by now, were refused."""
        for reason in reasons:
            self._registry.note_refusal(delivery.sender.agent, reason, now_ns)

    def _merge(self, entry: Entry, delivery: Delivery, taken: int) -> tuple[Receipt, list[str]]:
        """Merge windows of an entry of the journal, and keep in mind where it is; tell why some were refused.

        Nobody looks for these again: what they say can't be read by any answer.
        """
        reasons: list[str] = []
        counted: set[int] = set()
        for at, run in enumerate(delivery.runs):
            if taken >> at & 1:
                try:
                    self._minutes.add(delivery.sender, delivery.table, run)
                    self.steps.note(delivery.sender.agent, delivery.table, run)
                    counted.add(at)
                except InputError as error:
                    reasons.append(str(error))
                    logger.warning("agent %s: %s", delivery.sender.agent, error)
        mark = mark_of(delivery.sender.agent)
        for hour in {hour_of(delivery.runs[at]) for at in counted}:
            of_hour = _bits(at in counted and hour_of(run) == hour for at, run in enumerate(delivery.runs))
            with self._indexing:
                self.hours.setdefault(hour, HourIndex()).add(Kept(entry.sequence, entry.position, of_hour, mark))
        duplicate = len(delivery.runs) - len(counted) - len(reasons)
        return Receipt(len(counted), duplicate, len(reasons)), reasons

    def readmit(self, entry: Entry, sealed: Mapping[int, int], readmitted: set[WindowKey]) -> None:
        """Take in again what is in the journal: what is not sealed, and what the registry does not know yet.

        `sealed` tells of each hour up to which entry of the journal it is sealed; `readmitted` are the windows of the
        entries before. A window that is there twice, since the first was not acknowledged, counts once. What an hour
        was sealed without was not acknowledged either: the registry, which was brought to disk with it, knows the rest.
        """
        try:
            delivery = read_delivery(entry.body)
        except InputError as error:
            logger.warning("entry %d of the journal can't be read by this release: %s", entry.sequence, error)
            return
        windows = windows_of(delivery)
        counts = [
            bool(entry.taken >> at & 1) and window not in readmitted and sealed.get(hour_of(run), 0) < entry.sequence
            for at, (window, run) in enumerate(zip(windows, delivery.runs, strict=True))
        ]
        fresh = [window for window, is_new in zip(windows, counts, strict=True) if is_new]
        readmitted.update(fresh)
        self._registry.seen.release(fresh, are_known=True)
        is_noted = entry.sequence <= self._registry.flushed_sequence
        if not is_noted:
            self._registry.note(delivery, entry.received_ns, stored=len(fresh), duplicate=len(windows) - len(fresh))
        if fresh:
            _, reasons = self._merge(entry, delivery, _bits(counts))
            self._note_refusals(delivery, () if is_noted else reasons, entry.received_ns)

    def _count(self, receipt: Receipt, body_bytes: int) -> None:
        counters = self.counters
        counters.deliveries += 1
        counters.bytes += body_bytes
        counters.windows_stored += receipt.stored
        counters.windows_duplicate += receipt.duplicate
        counters.windows_refused += receipt.refused


def windows_of(delivery: Delivery) -> list[WindowKey]:
    """The keys of a delivery's windows."""
    sender = delivery.sender
    return [WindowKey(Series(sender.agent, sender.boot, run.policy, run.instance), run.number) for run in delivery.runs]


def hour_of(run: _core.WindowRun) -> int:
    """The hour, counted from 1970, that a window is kept in."""
    return minute_of(run) // MINUTES_PER_HOUR


def _bits(flags: Iterable[object]) -> int:
    """A bit for each flag, the first lowest."""
    return sum(1 << at for at, flag in enumerate(flags) if flag)
