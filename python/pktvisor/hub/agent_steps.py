"""What each agent measured, in few figures and steps of five minutes: packets, what was lost of them, DNS failures.

Merged minutes do not tell agents apart, and the agents' own windows take long to read. These figures are kept in memory
beside them, as windows come, so that all agents can be shown at once. They come back at the start: from the journal
and from sealed hours (`earlier_steps.py`).
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pktvisor import _core
from pktvisor.hub.delivery import MINUTE_S, minute_of
from pktvisor.metrics.completeness import completeness
from pktvisor.metrics.snapshot import QuantileValues
from pktvisor.windows.reading import snapshots
from pktvisor.windows.tables import records_of

STEP_S = 300
STEP_MINUTES = STEP_S // MINUTE_S
STEPS = 300
"""Steps that are kept: a day, and the hour by which an agent's clock may be ahead."""
MOST_AGENTS = 10_000
"""Agents whose steps are kept: some 6 kB each. A further one finds room where another was silent for all steps."""
MOST_LEADERS = 64
"""Taps of an agent whose figures count, by what they tell."""

BITS = bytes(number.bit_count() for number in range(256))
"""How many bits each byte has."""

Told = Literal["packets", "dns"]
FAILURES = ("wire_packets.srvfail", "wire_packets.refused", "srvfail_xacts", "refused_xacts")
ANSWERS = ("wire_packets.replies", "xacts")
"""Paths of what failed and of all answers, in both layouts of the handler `dns`."""


class Strip(NamedTuple):
    """What an agent measured, from time to time."""

    minutes: list[float]
    """Of how many minutes there was a window."""
    seen: list[float]
    """Packets that there were for its inputs."""
    lost: list[float]
    """Of these, dropped or malformed."""


class Figures(NamedTuple):
    """What an agent measured in a few steps together."""

    minutes: float
    """Of how many minutes there was a window."""
    seen: float
    """Packets that there were for its inputs."""
    lost: float
    """Of these, dropped or malformed."""
    answers: float
    """DNS answers."""
    failures: float
    """Of these, SERVFAIL and REFUSED."""


NOTHING = Figures(0, 0, 0, 0, 0)
NONE_IN_RING = bytes(4 * STEPS)
"""A ring of sums in which there is nothing."""


class Earlier(NamedTuple):
    """A step of an agent, as sealed hours tell of it."""

    step: int
    minutes: int
    """A bit for each minute of which there was a window."""
    sums: tuple[float, ...]
    """Packets seen and lost, DNS answers and failures."""


class _Leader(NamedTuple):
    """The handler whose windows tell of a tap: several see the same packets, which count once."""

    policy: str
    instance: str
    minutes: range
    """Those of its last window."""
    values: tuple[float, float]
    """What that told."""

    @property
    def name(self) -> tuple[str, str]:
        """By which leaders are told from others."""
        return self.policy, self.instance

    @property
    def step(self) -> int:
        """When it was heard last."""
        return self.minutes[-1] // STEP_MINUTES


@dataclass(slots=True)
class _Steps:
    """An agent's steps, in a ring."""

    newest: int = 0
    minutes: bytearray = field(default_factory=lambda: bytearray(STEPS))
    """A bit for each minute of a step of which there was a window."""
    sums: tuple[array[float], ...] = field(
        default_factory=lambda: tuple(array("f", bytes(4 * STEPS)) for _ in range(4))
    )
    """Packets seen and lost, DNS answers and failures."""
    leaders: dict[tuple[str, Told], _Leader] = field(default_factory=dict)
    memory_bytes: int | None = None

    def go_to(self, step: int) -> None:
        """Make room for a step."""
        for number in range(max(self.newest + 1, step - STEPS + 1), step + 1):
            self.minutes[number % STEPS] = 0
            for sums in self.sums:
                sums[number % STEPS] = 0
        self.newest = max(self.newest, step)

    def add(self, minutes: range, told: Told | None, values: tuple[float, float]) -> None:
        """Add what there was in some minutes, evenly."""
        for minute in minutes:
            step, at = divmod(minute, STEP_MINUTES)
            self.minutes[step % STEPS] |= 1 << at
            if told is not None:
                sums = self.sums[:2] if told == "packets" else self.sums[2:]
                for sum_, value in zip(sums, values, strict=True):
                    sum_[step % STEPS] += value / len(minutes)

    def count(self, told: Told, run: _core.WindowRun, minutes: range, values: tuple[float, float]) -> None:
        """Add the figures of a window, if it is of the handler that tells of its tap: of those heard lately, the first
        by name.
        """
        key, own = (run.tap, told), _Leader(run.policy, run.instance, minutes, values)
        leader = self.leaders.get(key)
        if leader is None and len(self.leaders) >= MOST_LEADERS:
            return
        if leader is not None and own.name > leader.name and leader.step >= own.step - 1:
            return
        if leader is not None and own.name < leader.name and leader.minutes == minutes:
            self.add(minutes, told, (-leader.values[0], -leader.values[1]))
        self.leaders[key] = own
        self.add(minutes, told, values)

    def strip(self, numbers: range, size: int) -> Strip:
        """What there was in some steps, so many together."""
        self.go_to(numbers[-1])  # what is left of a day before goes
        return Strip(
            _grouped(self.minutes.translate(BITS), numbers, size),
            *(
                _grouped(sums, numbers, size) if sums.tobytes() != NONE_IN_RING else [0.0] * (len(numbers) // size)
                for sums in self.sums[:2]
            ),
        )

    def figures(self, numbers: range) -> Figures:
        """What there was in a few steps."""
        self.go_to(numbers[-1])
        places = [number % STEPS for number in numbers]
        minutes = sum(BITS[self.minutes[place]] for place in places)
        seen, lost, answers, failures = (sum([sums[place] for place in places]) for sums in self.sums)
        return Figures(minutes, seen, lost, answers, failures)


def _grouped(ring: Sequence[float], numbers: range, size: int) -> list[float]:
    """The sums of some places of a ring, so many together."""
    begin, behind = numbers[0] % STEPS, numbers[-1] % STEPS + 1
    places = [*ring[begin:behind]] if begin < behind else [*ring[begin:], *ring[:behind]]
    return places if size == 1 else [*map(sum, zip(*[iter(places)] * size, strict=True))]


class AgentSteps:
    """The steps of all agents, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._agents: dict[str, _Steps] = {}
        self._first_minute: int | None = None
        self.windows_left_out = 0
        """Windows of agents whose figures found no room."""

    def note(self, agent: str, table: _core.RecordTable, run: _core.WindowRun) -> None:
        """Note a window that counts."""
        minute = minute_of(run)
        last = minute + max(1, -(-run.length_s // MINUTE_S)) - 1  # by its length: it begins within its first minute
        told, values = _figures(table, run)
        memory_bytes = _memory(table, run) if run.schema == "input_resources" else None
        with self._lock:
            steps = self._steps_of(agent, last // STEP_MINUTES)
            if steps is None:
                self.windows_left_out += 1
                return
            oldest = (steps.newest - STEPS + 1) * STEP_MINUTES
            minutes = range(max(minute, oldest), last + 1)
            if not minutes:
                return
            self._first_minute = min(minute, self._first_minute or minute)
            steps.add(minutes, None, (0, 0))
            for one, pair in zip(told, values, strict=True):
                steps.count(one, run, minutes, pair)
            steps.memory_bytes = steps.memory_bytes if memory_bytes is None else memory_bytes

    def _steps_of(self, agent: str, step: int) -> _Steps | None:
        steps = self._agents.get(agent)
        if steps is None:
            if len(self._agents) >= MOST_AGENTS and not self._made_room(step):
                return None
            steps = self._agents[agent] = _Steps(step - 1)
        steps.go_to(step)
        return steps

    def _made_room(self, step: int) -> bool:
        for name, steps in self._agents.items():
            if steps.newest <= step - STEPS:
                del self._agents[name]
                return True
        return False

    def add_earlier(self, agent: str, earlier: Earlier) -> None:
        """Add a step of which nothing was noted."""
        with self._lock:
            steps = self._steps_of(agent, earlier.step)
            if steps is None or earlier.step <= steps.newest - STEPS:
                return
            first = earlier.step * STEP_MINUTES
            self._first_minute = min(first, self._first_minute or first)
            steps.minutes[earlier.step % STEPS] |= earlier.minutes
            for sums, value in zip(steps.sums, earlier.sums, strict=True):
                sums[earlier.step % STEPS] += value

    def strip(self, agent: str, numbers: range, size: int) -> Strip:
        """What an agent measured in some steps, so many of them together."""
        with self._lock:
            own = self._agents.get(agent)
            return (own or _Steps()).strip(numbers, size)

    def figures(self, agent: str, numbers: range) -> Figures:
        """What an agent measured in a few steps."""
        with self._lock:
            own = self._agents.get(agent)
            return own.figures(numbers) if own else NOTHING

    def known_from(self, now: int) -> int:
        """The first minute of which anything came: of earlier ones nothing is known here."""
        return now if self._first_minute is None else self._first_minute

    def memory_bytes(self, agent: str) -> int | None:
        """What an agent's process took when its last window ended, where a policy of it measures that."""
        with self._lock:
            steps = self._agents.get(agent)
            return None if steps is None else steps.memory_bytes


def _figures(
    table: _core.RecordTable, run: _core.WindowRun
) -> tuple[tuple[Told, ...], tuple[tuple[float, float], ...]]:
    """What a window tells of, and its figures."""
    whole = completeness(run.ledger)
    lost = run.seen * (1 - whole) if whole is not None else 0.0
    packets = (float(run.seen), lost)
    if run.schema != "dns":
        return ("packets",), (packets,)
    return ("packets", "dns"), (packets, _answers(table, run))


def _answers(table: _core.RecordTable, run: _core.WindowRun) -> tuple[float, float]:
    rows = table.rows(run.first, run.count)
    named = [(path, value) for path, value in zip(rows.column("path"), rows.column("value"), strict=True) if value]
    answers, failures = (sum(value for path, value in named if path in paths) for paths in (ANSWERS, FAILURES))
    return float(answers), float(failures)


def _memory(table: _core.RecordTable, run: _core.WindowRun) -> int | None:
    """What a process took, of a window of the handler that measures it."""
    rows = table.rows(run.first, run.count)
    for at, path in enumerate(rows.column("path")):
        if path == "memory_bytes":
            for handler in snapshots(records_of(rows.rows(at, 1))):
                for sample in handler.samples:
                    if isinstance(sample.value, QuantileValues) and sample.value.values:
                        return int(sample.value.maximum)
    return None
