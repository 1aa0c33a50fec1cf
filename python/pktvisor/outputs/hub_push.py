"""Pushes the policies' windows to a hub: each closed one once, in order, from a spool that survives restarts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from pktvisor import clock
from pktvisor.outputs.closed_windows import ClosedWindow, ClosedWindows, Numbers, PartedPolicy
from pktvisor.outputs.http_post import Reply, Sender
from pktvisor.outputs.hub_body import Encode, Identity, fits, instances_of, parcels, renamed
from pktvisor.outputs.hub_spool import Spool
from pktvisor.outputs.push_thread import Patience, PushThread
from pktvisor.windows.record import MOST_RECORDS, Record

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often windows are looked for: as often as the shortest end, so that none leaves a policy's windows unseen."""
POST_SECONDS = 30.0
HOLD_SECONDS = 10.0
"""How long nothing is sent where the disk does not take that it was."""
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 2.0, 64.0
"""Between attempts, doubling."""


class HubPusher(PushThread):
    """Queues windows as they close, and sends them as soon as the hub takes them."""

    receiver = "hub"

    def __init__(
        self,
        policies: Callable[[], Mapping[str, PartedPolicy]],
        spool: Spool,
        sender: Sender,
        identity: Identity,
        encode: Encode,
        *,
        most_items: int,
        windows_outlive: bool,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        """Make it. Where `windows_outlive` the process, the next one goes on with those that are open at the end."""
        patience = Patience(first_s=FIRST_DELAY_SECONDS, longest_s=LONGEST_DELAY_SECONDS)
        super().__init__("hub-push", sender, patience, look_s=LOOK_SECONDS, monotonic=monotonic)
        self._policies = policies
        self._spool = spool
        self._agent, self._metadata = identity.agent, identity.metadata()
        self._encode = encode
        self._most_items = most_items
        self._windows_outlive = windows_outlive
        self._windows = ClosedWindows(may_be_restored=windows_outlive)
        self._numbers = Numbers()
        self._next_look_s = monotonic()
        self._queueing = threading.Lock()
        self._is_over = self._is_abandoned = self._is_held = False
        self._sent = self._refused = self._rejected = self._unmade = 0

    def counters(self) -> dict[str, int]:
        """Give what became of windows: `sent`; `refused` by the hub for good; `dropped` for want of room; `damaged` in
        the spool; `missed`: gone before they could be queued; `queued` and `queued_bytes`, which wait. And how many
        handlers' windows were `rejected` of those that were sent.
        """
        return {
            "sent": self._sent,
            "refused": self._refused,
            "rejected": self._rejected,
            "dropped": self._spool.dropped,
            "damaged": self._spool.damaged,
            "missed": self._windows.missed + self._unmade,
            "queued": len(self._spool),
            "queued_bytes": self._spool.bytes,
        }

    def stop(self, timeout_s: float = 5.0) -> None:
        """Queue what is left, send it if the hub takes it in time, and end. What is in the spool, stays."""
        super().stop(timeout_s)
        if self._thread.is_alive():  # in a request that nobody can cut, as while a name is looked up
            self._is_abandoned = True
            self._queue_rest()
        self._sender.close()
        if lost := self._spool.close():
            logger.warning("%d windows did not reach the hub", lost)
        elif len(self._spool):
            logger.info("%d windows wait in the spool for the hub", len(self._spool))

    def step(self) -> float:
        """Do what is due; give the seconds until something is again."""
        self._look_if_due()
        if self._monotonic() >= self._next_attempt_s:
            self._push()
        due = [self._next_look_s]
        if len(self._spool):
            due.append(self._next_attempt_s)
        return max(0.0, min(due) - self._monotonic())

    def finish(self) -> None:
        """Queue what is left, and send what waits, each window at most once more, until the deadline."""
        self._stopping.set()  # nobody looks any more
        self._queue_rest()
        self._push()

    def _queue_rest(self) -> None:
        """Queue what is left, once."""
        with self._queueing:
            if not self._is_over:
                self._is_over = True
                for window in self._windows.end(self._policies(), takes_open=not self._windows_outlive):
                    self._queue(window)

    def _look_if_due(self) -> None:
        with self._queueing:
            if self._monotonic() >= self._next_look_s and not self._is_over:
                self._next_look_s = self._monotonic() + self._look_s
                for window in self._windows.look(self._policies()):
                    self._queue(window)

    def _queue(self, window: ClosedWindow) -> None:
        """Put a window into the spool; what goes wrong about it is logged and counted, and the others go on."""
        self._numbers.lose(window.life, window.missed)
        try:
            self._put(window, self._records(window))
        except Exception:
            self._unmade += 1
            logger.exception("a window of policy [%s] can't be queued for the hub", window.life.policy)

    def _records(self, window: ClosedWindow) -> list[Record]:
        """The records that are to be queued; where they can't be had, the hub is to miss the window."""
        records = None
        try:
            records = self._fitting(window)
        finally:
            if records is None:
                self._numbers.lose(window.life, 1)
        if records is None:
            self._unmade += 1
            return []
        if window.may_be_restored:
            return [one for one in records if not self._spool.was_queued(one.instance, one.start_ns)]
        return records

    def _fitting(self, window: ClosedWindow) -> list[Record] | None:
        """The records of a window, of as many groups as the hub has room for; None where it is no more."""
        most_records = MOST_RECORDS
        while True:
            records = window.life.part.records(
                window.number, agent=self._agent, most_items=self._most_items, most_records=most_records
            )
            if records is None or not most_records or fits(records):
                return records
            del records  # before fewer are made
            most_records //= 2

    def _put(self, window: ClosedWindow, records: Sequence[Record]) -> None:
        numbers = self._numbers.give(window.life, instances_of(records))
        for parcel in parcels(renamed(records, policy=window.life.policy, numbers=numbers)):
            starts = {record.instance: record.start_ns for record in parcel}
            self._spool.put(self._encode(parcel, self._metadata), starts)

    def _push(self) -> None:
        """Send what waits, until the hub asks for patience."""
        while (timeout_s := self._time_left(POST_SECONDS)) > 0 and (window := self._spool.oldest()) is not None:
            if self._must_hold():
                return
            reply = self._sender.post(window, timeout_s=timeout_s)
            if reply.verdict == "again":
                self._wait_for_another_attempt(reply)
                return
            if self._is_abandoned:
                return
            self._spool.remove()
            self._count(reply)
            if self._stopping.is_set() and not self._is_over:
                return  # what is left is queued before
            self._look_if_due()

    def _must_hold(self) -> bool:
        """Whether nothing may be sent now: the next process may have the same windows, and would not know that they
        were sent, so that the hub would count them twice.
        """
        is_held = self._windows_outlive and not self._spool.are_noted
        if is_held:
            self._next_attempt_s = self._monotonic() + HOLD_SECONDS
        if is_held and not self._is_held:
            logger.warning("nothing is sent to the hub until the disk takes what was: it might be sent twice")
        elif self._is_held and not is_held:
            logger.info("windows are sent to the hub again")
        self._is_held = is_held
        return is_held

    def _count(self, reply: Reply) -> None:
        """Count what became of a window that is done with."""
        self._note_answer(self._spool.dropped)
        if reply.verdict == "refused":
            self._refused += 1
            logger.warning("the hub refused a window: %s", reply.reason)
            return
        self._sent += 1
        self._rejected += reply.rejected
        if reply.rejected:
            logger.warning("the hub rejected %d handlers' windows of one that was sent", reply.rejected)
