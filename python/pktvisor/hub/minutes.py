"""The minutes in memory: what all agents measured in each, merged.

A minute has cells: one for each policy of the hub, and one for each value of each tag of the agents in it. An open
minute's cells take windows in; once it is closed they are kept as bytes, which late windows open again until the next
look. A window counts in the minute that it begins in.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pktvisor import _core
from pktvisor.config.hub_models import HubPolicyConfig
from pktvisor.errors import InputError
from pktvisor.hub.delivery import MINUTE_NS, MINUTE_S, Sender, handler_of, minute_of
from pktvisor.hub.showing import changed_names, names_of

MOST_VALUES = 256
"""Values of a tag that a minute keeps apart, of each policy; agents with further values count without them."""
MOST_CELLS = 4096
"""Cells of a minute, of all policies and tags together; agents with further values count without them."""
MOST_OPEN_BYTES = 768 << 20
"""What the cells that take windows in hold together."""
MOST_CLOSED_BYTES = 512 << 20
"""What closed cells take together. Beyond that the oldest minutes are set aside: they are in the journal, and answer
again once their hour is sealed.
"""
MOST_POLICIES = 1024
"""Policies of the hub; windows of further ones are kept, and merged nowhere."""
MOST_TABLE_BYTES = 1 << 30
"""What a cell takes at most when it is unpacked."""
KEPT_ITEMS = 1024
"""Items of a top list that are kept of a closed minute: its heaviest, with exact bounds for the rest."""
LATENESS_S = 75
"""How long after a minute's end its windows are waited for: one that began in its last second ends a minute later,
and needs time to get here.
"""


class Cell(NamedTuple):
    """Which agents' windows were merged."""

    policy: str
    tag: str = ""
    """Name of a tag; empty for all agents of the policy."""
    value: str = ""


@dataclass(slots=True)
class _Kept:
    """A cell of a minute."""

    agents: set[str] = field(default_factory=set)
    windows: int = 0
    key: int | None = None
    """Where it is in the accumulators; None while it is closed."""
    body: bytes = b""
    """What it was when it was closed."""


@dataclass(slots=True)
class _Minute:
    cells: dict[Cell, _Kept] = field(default_factory=dict)
    values: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many values each tag of each policy has."""
    is_closed: bool = False

    def cell(self, cell: Cell) -> _Kept:
        """A cell of it, which comes to be where there is none."""
        kept = self.cells.get(cell)
        if kept is None:
            kept = self.cells[cell] = _Kept()
            self.values[cell[:2]] += 1
        return kept

    def without(self, cell: Cell) -> _Kept:
        """Take a cell out."""
        self.values[cell[:2]] -= 1
        return self.cells.pop(cell)

    def has_room_for(self, cell: Cell) -> bool:
        """Whether there is a cell, or may be."""
        return cell in self.cells or (self.values[cell[:2]] < MOST_VALUES and len(self.cells) < MOST_CELLS)

    @property
    def closed_bytes(self) -> int:
        """What its closed cells take."""
        return sum(len(kept.body) for kept in self.cells.values())

    @property
    def is_open(self) -> bool:
        """Whether a cell of it is in the accumulators, be it for a late window."""
        return any(kept.key is not None for kept in self.cells.values())


@dataclass(frozen=True, slots=True)
class Merged:
    """What a cell holds of a minute."""

    table: _core.RecordTable
    agents: frozenset[str]
    windows: int
    is_closed: bool


class Minutes:
    """Merges windows, minute by minute. Any thread may add and read."""

    def __init__(
        self, configured: Sequence[HubPolicyConfig] = (), *, most_closed_bytes: int | None = MOST_CLOSED_BYTES
    ) -> None:
        self.configured = tuple(configured)
        """Policies of the hub that were configured; those of the agents are there besides, by their own names."""
        self._most_closed_bytes = most_closed_bytes
        self._lock = threading.RLock()
        self._minutes: dict[int, _Minute] = {}
        self._accumulators = _core.Accumulators(most_bytes=MOST_OPEN_BYTES)
        self._next_key = 0
        self.policies: dict[str, int] = {}
        """By policy of the hub the first minute of which there is anything."""
        self.values_left_out = 0
        """Windows that count without one of their tags, as a tag had too many values."""
        self.policies_left_out = 0
        """Windows that are merged nowhere, as there were too many policies."""
        self.minutes_set_aside = 0
        """Closed minutes that took too much room: they answer again once their hour is sealed."""

    def add(
        self, sender: Sender, table: _core.RecordTable, run: _core.WindowRun, *, only: Collection[str] | None = None
    ) -> None:
        """Merge a window into its minute, of all policies that show it or only of some.

        InputError, and nothing merged, where a sketch of it is damaged.
        """
        minute = minute_of(run)
        with self._lock:
            names = names_of(self.configured, run.policy, sender.tags)
            shown = [name for name in names if only is None or name in only]
            cells = list(self._cells(sender, shown, minute))
            for cell in cells:
                self._add_to(cell, minute, sender, table, run)
        if not cells:
            _check(table, run)

    def configure(self, configured: Sequence[HubPolicyConfig]) -> frozenset[str]:
        """Show other policies. Give the names of those that show something else now: they are empty."""
        with self._lock:
            changed = changed_names(self.configured, configured)
            self.configured = tuple(configured)
            for whole in self._minutes.values():
                for cell in [cell for cell in whole.cells if cell.policy in changed]:
                    self._let_go(whole.without(cell))
            for name in changed:
                self.policies.pop(name, None)
            return changed

    def _add_to(self, cell: Cell, minute: int, sender: Sender, table: _core.RecordTable, run: _core.WindowRun) -> None:
        key, kept = self._opened(minute, cell)
        handler = f"{cell.policy}-default-{handler_of(run.policy, run.tap, run.instance)}"
        # What is damaged is found with the first cell, before anything was merged into any.
        _merge(self._accumulators, key, table, run, handler)
        kept.agents.add(sys.intern(sender.agent))
        kept.windows += 1
        self.policies[cell.policy] = min(self.policies.get(cell.policy, minute), minute)

    def _cells(self, sender: Sender, names: Sequence[str], minute: int) -> Iterator[Cell]:
        """The cells of policies of the hub that a window of an agent counts in."""
        for name in names:
            if name not in self.policies and len(self.policies) >= MOST_POLICIES:
                self.policies_left_out += 1
                continue
            if not self._has_room(Cell(name), minute):
                self.policies_left_out += 1
                continue
            yield Cell(name)
            for tag, value in sender.tags.items():
                if self._has_room(Cell(name, tag, value), minute):
                    yield Cell(name, tag, value)
                else:
                    self.values_left_out += 1

    def _has_room(self, cell: Cell, minute: int) -> bool:
        known = self._minutes.get(minute)
        return known is None or known.has_room_for(cell)

    def _opened(self, minute: int, cell: Cell) -> tuple[int, _Kept]:
        """A cell that takes windows in, with its key."""
        kept = self._minutes.setdefault(minute, _Minute()).cell(cell)
        if kept.key is None:
            kept.key, self._next_key = self._next_key, self._next_key + 1
            if kept.body:
                _take(self._accumulators, kept.key, _read(kept.body))
                kept.body = b""
        return kept.key, kept

    def close_before(self, minute: int) -> None:
        """Close all minutes before one, those included that late windows have opened again: they take less room."""
        with self._lock:
            for number, one in self._minutes.items():
                if number < minute:
                    one.is_closed = True
                    self._close(number)
            self._set_aside()

    def _set_aside(self) -> None:
        """Forget the oldest closed minutes where all take too much room."""
        if self._most_closed_bytes is None:
            return
        closed = {number: one.closed_bytes for number, one in self._minutes.items() if one.is_closed}
        excess = sum(closed.values()) - self._most_closed_bytes
        for number in sorted(closed)[:-1]:
            if excess <= 0:
                return
            excess -= closed[number]
            self.drop([number])
            self.minutes_set_aside += 1

    def close_old(self, most_open: int) -> None:
        """Close the oldest minutes where more are open than that: for deliveries that are read back, in any number."""
        with self._lock:
            opened = sorted(number for number, one in self._minutes.items() if one.is_open)
            for number in opened[:-most_open]:
                self._minutes[number].is_closed = True
                self._close(number)

    def _close(self, minute: int) -> None:
        for cell, kept in self._minutes[minute].cells.items():
            if kept.key is not None:
                kept.body = self._table(kept.key, minute, cell, is_closed=True).write()
                self._accumulators.drop(kept.key)
                kept.key = None

    def _table(self, key: int, minute: int, cell: Cell, *, is_closed: bool) -> _core.RecordTable:
        fields = window_fields(cell, minute, 1, is_closed=is_closed)
        return self._accumulators.table(key, fields, most_items=KEPT_ITEMS)

    def read(self, cell: Cell, minute: int) -> Merged | None:
        """Give what a cell holds of a minute; None for nothing."""
        with self._lock:
            whole = self._minutes.get(minute)
            kept = None if whole is None else whole.cells.get(cell)
            if whole is None or kept is None:
                return None
            is_closed, agents, windows = whole.is_closed, frozenset(kept.agents), kept.windows
            if kept.key is not None:
                return Merged(self._table(kept.key, minute, cell, is_closed=is_closed), agents, windows, is_closed)
            body = kept.body
        return Merged(_read(body), agents, windows, is_closed)

    def cells(self, minute: int) -> list[Cell]:
        """Give the cells of a minute."""
        with self._lock:
            whole = self._minutes.get(minute)
            return [] if whole is None else list(whole.cells)

    def numbers(self) -> list[int]:
        """Give the minutes that are in memory, oldest first."""
        with self._lock:
            return sorted(self._minutes)

    def drop(self, minutes: Iterable[int]) -> None:
        """Forget minutes, which are kept elsewhere."""
        with self._lock:
            for minute in minutes:
                whole = self._minutes.pop(minute, None)
                for kept in () if whole is None else whole.cells.values():
                    self._let_go(kept)

    def _let_go(self, kept: _Kept) -> None:
        if kept.key is not None:
            self._accumulators.drop(kept.key)

    @property
    def left_out(self) -> dict[str, int]:
        """What there was no room for, by what it was."""
        return self._accumulators.left_out()

    @property
    def held_bytes(self) -> int:
        """What they take, roughly."""
        with self._lock:
            closed = sum(one.closed_bytes for one in self._minutes.values())
            return closed + self._accumulators.memory_bytes()


def merge_minutes(
    cell: Cell, minutes: Sequence[int], tables: Iterable[_core.RecordTable], *, is_closed: bool
) -> _core.RecordTable:
    """Merge what a cell holds of some minutes, oldest first, into one table."""
    accumulators = _core.Accumulators()
    for table in tables:
        _take(accumulators, 0, table)
    fields = window_fields(cell, minutes[0], minutes[-1] - minutes[0] + 1, is_closed=is_closed)
    return accumulators.table(0, fields)


def window_fields(cell: Cell, minute: int, count: int, *, is_closed: bool) -> dict[str, object]:
    """What the records of a cell say of their window."""
    return {
        "agent": "",
        "policy": cell.policy,
        "tap": "",
        "number": minute,
        "start_ns": minute * MINUTE_NS,
        "end_ns": (minute + count) * MINUTE_NS,
        "length_s": count * MINUTE_S,
        "is_closed": is_closed,
    }


def _check(table: _core.RecordTable, run: _core.WindowRun) -> None:
    """Raise InputError where a sketch of a window that is merged nowhere is damaged: it is kept all the same."""
    _merge(_core.Accumulators(), 0, table, run, run.instance)


def _merge(
    accumulators: _core.Accumulators, key: int, table: _core.RecordTable, run: _core.WindowRun, handler: str
) -> None:
    """Merge a window. InputError, and nothing merged, where a sketch of it is damaged."""
    try:
        accumulators.add(key, table, run.first, run.count, handler)
    except _core.InputFault as fault:
        raise InputError(str(fault)) from fault


def _take(accumulators: _core.Accumulators, key: int, table: _core.RecordTable) -> None:
    """Merge a table of merged records, whose instances are handlers of the hub."""
    for run in table.windows():
        accumulators.add(key, table, run.first, run.count, run.instance)


def _read(body: bytes) -> _core.RecordTable:
    return _core.RecordTable.read(body, most_bytes=MOST_TABLE_BYTES)
