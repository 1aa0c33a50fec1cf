"""The hub at work: what its parts do together, at the start, from time to time, and at the end."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pktvisor import clock
from pktvisor.config.hub_models import HubConfig
from pktvisor.errors import InputError
from pktvisor.files import lock_own
from pktvisor.hub.admission import MINUTES_PER_HOUR, Admission, HourIndex
from pktvisor.hub.delivery import MINUTE_NS, Delivery, read_delivery
from pktvisor.hub.desired import Reports
from pktvisor.hub.earlier_steps import read_earlier
from pktvisor.hub.history import Stored
from pktvisor.hub.hours import (
    HOUR_S,
    HOURS_PER_DAY,
    LENGTHS_S,
    MERGED,
    STEPS_S,
    WINDOWS,
    Hours,
    MergedWindow,
    Sent,
)
from pktvisor.hub.journal import Journal, JournalReader
from pktvisor.hub.minutes import Cell, Minutes, merge_minutes
from pktvisor.hub.own_windows import Windows
from pktvisor.hub.policy import PERIODS, open_minute
from pktvisor.hub.registry import Registry
from pktvisor.hub.remerging import MOST_OPEN_MINUTES, merge_again
from pktvisor.hub.seen import WindowKey

logger = logging.getLogger(__name__)

FLUSH_S = 10.0
"""How often the registry is brought to disk."""
SEAL_AFTER_S = 300
"""How long after an hour's end it is sealed: most of what is late has come by then."""
LONGEST_WAIT_S = 10.0
ROLL_AFTER_S = 1800
"""How long after a day's end it is merged: its last hour is sealed then."""
LATE_ROLL_S = 6 * HOUR_S
"""How often what came later is merged into windows of a day; until then it is read from its hours."""
LATE_SEAL_S = 600
"""How often what came later is sealed, into files of its own."""
MOST_PART_BYTES = 8 << 20
"""Deliveries of a file of a sealed hour, as they were sent: some ten times as much unpacked."""
KINDS = ((WINDOWS, None), *((MERGED, step_s) for step_s in LENGTHS_S))
"""What is kept, the first to go first: the agents' own windows, then merged ones by their length."""


@dataclass(frozen=True, slots=True)
class HubSettings:
    """What was configured of the hub."""

    directory: Path
    config: HubConfig = field(default_factory=HubConfig)
    """What it shows at the start."""
    kept_days: int = 30
    """Days that the agents' own windows are kept."""
    kept_days_merged: Mapping[int, int] = field(default_factory=dict)
    """The same of merged windows, by their length in seconds; without a number, as long as the agents' own."""
    most_disk_bytes: int = 0
    """What they take at most, 0 for no bound: the oldest go first."""


class Hub:
    """The hub, until it is stopped. InputError where its directory can't be used."""

    def __init__(self, settings: HubSettings, *, now_ns: Callable[[], int] = clock.now_ns) -> None:
        self.settings = settings
        self.now_ns = now_ns
        directory = settings.directory
        self.journal_directory = directory / "journal"
        for folder in (self.journal_directory, directory / "sealed"):
            _make(folder)
        self._directory_lock = DirectoryLock(directory / "lock")
        self.registry = Registry(directory / "registry.sqlite")
        self.hours = Hours(directory / "sealed")
        self.minutes = Minutes(settings.config.policies)
        self.desired = settings.config.desired
        self.dashboards = settings.config.dashboards
        """What it wants of agents."""
        self.reports = Reports()
        self.removed_for_room = 0
        """Hours that were removed since the disk would not have had room."""
        self.cut_off = 0
        """Segments of the journal whose end could not be read at the start."""
        self.left_out = Counter(self.minutes.left_out)
        """What of sealed hours there was no room for where they were merged."""
        self.unreadable = 0
        """Deliveries that were damaged in the journal, and so are in no sealed hour."""
        self.journal, self.admission = self._readmitted()
        self._next_flush_s = 0.0
        self._next_late_seal_s = 0
        self.counters_besides: Callable[[], Mapping[str, int]] = dict
        """Counters of what works beside the hub."""
        newest = self.now_ns() // 1_000_000_000 // HOUR_S
        self._unread_hours = [hour for hour in sorted(self.sealed) if hour >= newest - HOURS_PER_DAY]
        """Sealed hours of which agents' steps are still to be read."""
        self._next_late_roll_s = 0
        self._sealing = threading.Lock()
        self._sealer: threading.Thread | None = None

    def _readmitted(self) -> tuple[Journal, Admission]:
        """Continue where the process before ended, however it ended."""
        sealed = self.sealed = self.registry.sealed()
        self.rolled = self.registry.rolled()
        """By day, counted from 1970, up to which entry of the journal its hours are merged into it."""
        removed = self.hours.clean(sealed, self.rolled)
        if removed:
            logger.warning("%d files of hours that were being sealed are removed: they are sealed anew", removed)
        reader, readmitted, count = JournalReader(self.journal_directory), set[WindowKey](), 0
        journal = Journal(self.journal_directory)
        admission = Admission(journal, self.registry, self.minutes, oldest_minute=self._oldest_minute())
        for entry in reader.entries():
            admission.readmit(entry, sealed, readmitted)
            count += 1
            self.minutes.close_old(MOST_OPEN_MINUTES)
        journal.continue_after(max(reader.last_sequence, self.registry.flushed_sequence))
        self.minutes.close_before(open_minute(self.now_ns()))
        self.cut_off = reader.cut_off
        if count:
            logger.info("%d deliveries of the journal were taken in again", count)
        return journal, admission

    @property
    def stored(self) -> Stored:
        """What is sealed."""
        return Stored(self.hours, self.sealed, self.rolled)

    @property
    def windows(self) -> Windows:
        """The agents' own windows."""
        return Windows(self.stored, self.journal, dict(self.admission.hours), self.minutes)

    @property
    def counters(self) -> dict[str, int]:
        """What came in and what was removed since the start, by name."""
        return {
            **asdict(self.admission.counters),
            "tag_values_left_out": self.minutes.values_left_out,
            "hours_removed_for_room": self.removed_for_room,
            "policies_left_out": self.minutes.policies_left_out,
            "minutes_set_aside": self.minutes.minutes_set_aside,
            "agents_forgotten": self.registry.agents_forgotten,
            "agent_steps_left_out": self.admission.steps.windows_left_out,
            **_left_out("merged", self.minutes.left_out),
            **_left_out("sealed", self.left_out),
            "journal_segments_cut_off": self.cut_off,
            "journal_deliveries_damaged": self.unreadable,
            **self.counters_besides(),
        }

    def configure(self, config: HubConfig) -> None:
        """Want other things of agents, and show other policies: from now on, and of the hours that are not sealed,
        which are in the journal.
        """
        with self._sealing:  # which would take hours out of the index, and write them as they were
            with self.admission.gate.closed():
                self.desired = config.desired
                self.dashboards = config.dashboards
                changed = self.minutes.configure(config.policies)
                kept = [one for hour in sorted(self.admission.hours) for one in self.admission.hours[hour]]
            if changed:
                merge_again(self.journal, kept, self.minutes, changed)

    def _oldest_minute(self) -> int:
        return self.now_ns() // MINUTE_NS - self.settings.kept_days * 24 * MINUTES_PER_HOUR

    def tick(self, now_s: float) -> None:
        """Do what is due; `now_s` is of a clock that nobody sets. What fails is logged, and tried again."""
        self.minutes.close_before(open_minute(self.now_ns()))
        self.admission.oldest_minute = self._oldest_minute()
        if now_s < self._next_flush_s:
            return
        self._next_flush_s = now_s + FLUSH_S
        try:
            self.flush()
        except InputError as error:
            logger.error("%s", error)
        self._look_after_hours()

    def _look_after_hours(self) -> None:
        """Seal and remove in a thread of its own: an hour of many agents takes minutes, and minutes go on closing."""
        if self._sealer is None or not self._sealer.is_alive():
            self._sealer = threading.Thread(target=self.look_after_hours, name="seal", daemon=True)
            self._sealer.start()

    def look_after_hours(self) -> None:
        """Seal what is due, and remove what is too old. What fails is logged, and tried again."""
        try:
            self._read_earlier_steps()
            self.seal_due()
            self.roll_due()
            self._forget_minutes()
            self.remove_old()
        except InputError as error:
            logger.error("%s", error)
        except Exception:
            logger.exception("hours can't be sealed")

    def _read_earlier_steps(self) -> None:
        """Read once what agents measured before the start, the newest hour first; before more is sealed of it."""
        while self._unread_hours:
            read_earlier(self.hours, self._unread_hours.pop(), self.admission.steps)

    def wait_for_sealing(self) -> None:
        """Wait until the thread that seals has done what it was at."""
        if self._sealer is not None:
            self._sealer.join()

    def flush(self) -> None:
        """Bring the registry to disk."""
        with self.admission.gate.closed():
            self.registry.flush(self.journal.last_sequence)

    def seal_due(self) -> None:
        """Seal the hours that have ended a while ago; what comes later, now and then."""
        now_s = self.now_ns() // 1_000_000_000
        newest = (now_s - SEAL_AFTER_S) // HOUR_S
        is_time_for_late = now_s >= self._next_late_seal_s
        if is_time_for_late:
            self._next_late_seal_s = now_s + LATE_SEAL_S
        for hour in sorted(number for number in list(self.admission.hours) if number < newest):
            if is_time_for_late or hour not in self.sealed:
                self.seal(hour)

    def seal(self, hour: int) -> None:
        """Seal what there is of an hour: first its files, then the registry, then journal and memory let go of it."""
        with self._sealing:
            with self.admission.gate.closed():
                sequence = self.journal.last_sequence
                index = self.admission.hours.pop(hour, HourIndex())
            merged = Minutes(self.minutes.configured, most_closed_bytes=None)
            try:
                self.hours.seal(hour, sequence, self._parts(index, merged), _merged_windows(merged))
                with self.admission.gate.closed():
                    self.registry.flush(self.journal.last_sequence, sealed={hour: sequence})
            except BaseException:
                self.hours.discard(hour, sequence)
                self._give_back(hour, index)
                raise
            self.sealed[hour] = sequence
            self.left_out.update(merged.left_out)
            self._drop_journal()
            logger.info("sealed %s: %d deliveries", hour_text(hour), len(index))

    def roll_due(self) -> None:
        """Merge the hours of days that have ended a while ago; what comes later, now and then."""
        now_s = self.now_ns() // 1_000_000_000
        newest = (now_s - ROLL_AFTER_S) // (HOURS_PER_DAY * HOUR_S)
        is_time_for_late = now_s >= self._next_late_roll_s
        if is_time_for_late:
            self._next_late_roll_s = now_s + LATE_ROLL_S
        for day, sequence in sorted(self._sealed_of_days().items()):
            is_late = day in self.rolled
            if day < newest and sequence > self.rolled.get(day, 0) and (is_time_for_late or not is_late):
                self.roll(day, sequence)

    def _sealed_of_days(self) -> dict[int, int]:
        """By day up to which entry of the journal its hours are sealed."""
        days: dict[int, int] = {}
        for hour, sequence in self.sealed.items():
            day = hour // HOURS_PER_DAY
            days[day] = max(days.get(day, 0), sequence)
        return days

    def roll(self, day: int, sequence: int) -> None:
        """Merge the sealed hours of a day into windows of a day: first the file, then the registry."""
        with self._sealing:
            self.hours.roll(day, self.rolled.get(day, 0), sequence)
            try:
                with self.admission.gate.closed():
                    self.registry.note_rolled(day, sequence)
            except BaseException:
                self.hours.discard_day(day, sequence)
                raise
            self.rolled[day] = sequence

    def _parts(self, index: HourIndex, merged: Minutes) -> Iterator[list[Sent]]:
        """The deliveries of an hour, some at a time; they are merged on the way."""
        part, part_bytes = list[Sent](), 0
        for kept in index:
            entry = self.journal.read(kept.position)
            if entry is None:
                self.unreadable += 1
                logger.error("a delivery in the journal is damaged: entry %d is left out", kept.sequence)
                continue
            part += self._windows(read_delivery(entry.body), kept.taken, merged)
            part_bytes += len(entry.body)
            merged.close_old(MOST_OPEN_MINUTES)
            if part_bytes >= MOST_PART_BYTES:
                yield part
                part, part_bytes = [], 0
        if part:
            yield part

    def _windows(self, delivery: Delivery, taken: int, merged: Minutes) -> Iterator[Sent]:
        """The windows of a delivery that count, each merged. Those with damage were told when they came."""
        sender = delivery.sender
        for at, run in enumerate(delivery.runs):
            if taken >> at & 1:
                with contextlib.suppress(InputError):
                    merged.add(sender, delivery.table, run)
                    yield delivery.table.rows(run.first, run.count), sender.boot, sender.tags

    def _give_back(self, hour: int, index: HourIndex) -> None:
        with self.admission.gate.closed():
            later = self.admission.hours.get(hour, ())
            self.admission.hours[hour] = HourIndex([*index, *later])

    def _drop_journal(self) -> None:
        """Remove the segments of which everything is sealed."""
        with self.admission.gate.closed():
            firsts = [next(iter(index)).sequence for index in self.admission.hours.values() if len(index)]
            last = self.journal.last_sequence
        self.journal.drop_through(min([*(first - 1 for first in firsts), last, self.registry.flushed_sequence]))

    def _forget_minutes(self) -> None:
        """Let go of minutes that are sealed and are no bucket any more."""
        oldest = open_minute(self.now_ns()) - PERIODS
        numbers = self.minutes.numbers()
        self.minutes.drop(one for one in numbers if one < oldest and one // MINUTES_PER_HOUR in self.sealed)

    def remove_old(self) -> None:
        """Remove what is too old, or of which there is too much."""
        newest = self.now_ns() // 1_000_000_000 // HOUR_S
        for kind, step_s in KINDS:
            oldest = newest - self.kept_days(step_s) * HOURS_PER_DAY
            for together in self._together(kind, step_s):
                if together[-1] < oldest:
                    self._remove(kind, together, step_s)
        self._remove_beyond_disk()

    def kept_days(self, step_s: int | None) -> int:
        """How many days merged windows of a length are kept; None for the agents' own."""
        kept = self.settings.kept_days
        return kept if step_s is None else self.settings.kept_days_merged.get(step_s, kept)

    def _remove_beyond_disk(self) -> None:
        """Remove the oldest until the rest has room: the agents' own windows first, then merged ones."""
        most = self.settings.most_disk_bytes
        excess = self.hours.size_bytes() - most if most else 0
        for kind, step_s in KINDS:
            for together in self._together(kind, step_s):
                if excess <= 0:
                    return
                excess -= self._remove(kind, together, step_s)
                self.removed_for_room += len(together)

    def _together(self, kind: str, step_s: int | None) -> Iterator[list[int]]:
        """The hours of a kind, oldest first, those that go together: all hours of a day, whose place its day takes."""
        hours = self.hours.hours(kind, step_s=step_s)
        for _, several in itertools.groupby(hours, lambda hour: hour // HOURS_PER_DAY if step_s == HOUR_S else hour):
            yield [*several]

    def _remove(self, kind: str, hours: Sequence[int], step_s: int | None) -> int:
        return sum(self.hours.remove(kind, hour, step_s=step_s) for hour in hours)

    def stop(self) -> None:
        """Bring everything to disk and close the files. What is not sealed is in the journal.

        An hour that is being sealed is waited for a moment; beyond that it is sealed anew at the next start.
        """
        if self._sealer is not None:
            self._sealer.join(LONGEST_WAIT_S)
        try:
            self.flush()
        except InputError as error:
            logger.error("%s", error)
        self.journal.close()
        self.registry.close()
        self._directory_lock.release()


def _left_out(where: str, counted: Mapping[str, int]) -> dict[str, int]:
    """What was left out where windows were merged, by name."""
    return {f"{where}_{name}" + ("" if name == "lists_shortened" else "_left_out"): n for name, n in counted.items()}


def _merged_windows(minutes: Minutes) -> Iterator[MergedWindow]:
    """What was merged of an hour, in windows of all lengths."""
    minutes.close_before(max(minutes.numbers(), default=0) + 1)
    for step_s in STEPS_S:
        by_step: dict[int, list[int]] = {}
        for minute in minutes.numbers():
            by_step.setdefault(minute * 60 // step_s, []).append(minute)
        for number, several in by_step.items():
            for cell in {cell for minute in several for cell in minutes.cells(minute)}:
                yield _merged_window(minutes, cell, several, number, step_s)


def _merged_window(minutes: Minutes, cell: Cell, several: Sequence[int], number: int, step_s: int) -> MergedWindow:
    found = [one for minute in several if (one := minutes.read(cell, minute)) is not None]
    agents = frozenset[str]().union(*(one.agents for one in found))
    first = number * step_s // 60
    whole = range(first, first + step_s // 60)
    table = found[0].table if step_s == 60 else merge_minutes(cell, whole, [one.table for one in found], is_closed=True)
    return MergedWindow(cell, step_s, len(agents), sum(one.windows for one in found), table)


def hour_text(hour: int) -> str:
    """An hour for people, as `2026-11-30 01:00 UTC`."""
    return f"{datetime.fromtimestamp(hour * HOUR_S, UTC):%Y-%m-%d %H:%M} UTC"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as error:
        raise InputError(f"{folder} can't be made: {error.strerror}") from error


class DirectoryLock:
    """Keeps a second hub out of a directory. InputError where there is one."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = lock_own(path)
        except BlockingIOError:
            raise InputError(f"another hub is at work in {path.parent}") from None
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from error

    def release(self) -> None:
        """Let others in."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
