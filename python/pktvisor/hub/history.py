"""One metric over any time: from the sealed hours and from the minutes in memory, in steps, apart by a tag.

What is read is what was merged in steps as long as possible, so that a year costs 365 windows. How many files that
are, and how large, is known before any is opened: a question that would read too much is refused. Of a time whose short
steps are not kept any more, the answer has longer ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from pktvisor import _core
from pktvisor.errors import ConfigError, NotFoundError
from pktvisor.hub.admission import MINUTES_PER_HOUR
from pktvisor.hub.delivery import MINUTE_S
from pktvisor.hub.hours import DAY_S, HOUR_S, HOURS_PER_DAY, LENGTHS_S, MERGED, STEPS_S, Hours
from pktvisor.hub.minutes import Cell, Minutes, window_fields
from pktvisor.metrics.snapshot import HistogramValues, QuantileValues, Sample, TopValues
from pktvisor.outputs.json import Document, write_samples
from pktvisor.windows.reading import snapshots
from pktvisor.windows.record import Record
from pktvisor.windows.tables import records_of

MOST_POINTS = 20_000
"""Steps of all series of an answer together."""
MOST_TOP = 1000
AGENT = "agent"
"""What is asked for where single agents are to be told apart."""
LONGEST_BY_STEP_S = {60: 6 * HOUR_S, 600: 5 * DAY_S, HOUR_S: 90 * DAY_S}
"""How long a time is shown in steps of that length where nobody says; what is longer, in days."""
MOST_FILES = 4000
MOST_READ_BYTES = 4 << 30
"""Size of the files that an answer may need. Of each only the part with the metric is read."""
MOST_HELD_BYTES = 512 << 20
"""What the points of an answer take; beyond that, bounds of top lists get wider."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for."""

    policy: str
    metric: str
    """Its place in JSON, as `dns.wire_packets.total`."""
    from_s: int
    to_s: int
    """Unix seconds; the end is not included."""
    step_s: int = 0
    """A multiple of a minute that is or divides an hour, or a multiple of hours; 0: as the time allows."""
    tag: str = ""
    """Apart by the values of this tag; empty: all agents together."""
    top: int = 10
    """Items of a top list."""
    values: tuple[str, ...] = ()
    """Of the tag's values only these; empty: all."""
    is_whole: bool = False
    """The whole time is one point; its ends are those of steps."""
    by_agent: bool = False
    """Apart by single agents; those whose tag has one of the values, where there is one."""
    agents: tuple[str, ...] = ()
    """Only of these, where they are told apart; empty: all."""

    @property
    def step(self) -> int:
        """The length of a step that is answered with."""
        if self.step_s:
            return self.step_s
        length = self.to_s - self.from_s
        return next((step for step, longest in LONGEST_BY_STEP_S.items() if length <= longest), DAY_S)

    @property
    def first_step(self) -> int:
        """Number of the first step, counted from 1970."""
        return self.from_s // self.step

    @property
    def end_step(self) -> int:
        """Number of the step behind the last one."""
        return -(-self.to_s // self.step)

    @property
    def by(self) -> str:
        """What it asks to be kept apart by."""
        return AGENT if self.by_agent else self.tag

    def point_of(self, step: int) -> int:
        """The point that a step is merged into."""
        return self.first_step if self.is_whole else step

    def check(self) -> None:
        """Raise `ConfigError` where it makes no sense or costs too much."""
        if not self.metric:
            raise ConfigError("metric must say which, as metric=dns.wire_packets.total")
        if self.from_s >= self.to_s:
            raise ConfigError(f"from ({self.from_s}) must be before to ({self.to_s})")
        if self.step % MINUTE_S or (self.step % HOUR_S and HOUR_S % self.step):
            raise ConfigError(f"step must be a part of an hour in minutes, or whole hours, in seconds, not {self.step}")
        points = self.end_step - self.first_step
        if points > MOST_POINTS:
            shortest = -(-(self.to_s - self.from_s) // MOST_POINTS // HOUR_S) * HOUR_S
            raise ConfigError(f"{points} steps are more than {MOST_POINTS}: use step={max(shortest, HOUR_S)} or more")


class Key(NamedTuple):
    """A point of a series."""

    value: str
    """Value of the tag; empty for all agents."""
    step: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What a hub has sealed."""

    hours: Hours
    sealed: Mapping[int, int]
    """By hour up to which entry of the journal it is sealed."""
    rolled: Mapping[int, int]
    """By day the same: up to which entry its hours are in its windows of a day."""

    def begin_s(self) -> int | None:
        """From when on there is anything, in steps of any length."""
        firsts = [hour for step in LENGTHS_S if (hour := self.hours.first(step)) is not None]
        return min(firsts) * HOUR_S if firsts else None

    def step_for(self, question: Question) -> int:
        """The length of a step that a question can be answered with: what it asks for, or longer where less is kept.

        Days begin with their first hour, and lose all of their hours together.
        """
        finest = self._finest_step(question.from_s // HOUR_S, question.to_s)
        return question.step if question.step % finest == 0 else math.lcm(question.step, finest)

    def _finest_step(self, hour: int, end_s: int) -> int:
        """The shortest step that is kept from an hour on, as far as there is anything before the end."""
        first = self.hours.first
        day = first(DAY_S, hour // HOURS_PER_DAY * HOURS_PER_DAY)
        if day is not None and day * HOUR_S < end_s:
            of_day = first(HOUR_S, day)
            if of_day is None or of_day >= day + HOURS_PER_DAY:
                return DAY_S
        begin = first(HOUR_S, hour)
        if begin is None or begin * HOUR_S >= end_s:
            return STEPS_S[0]
        return next(length for length in STEPS_S if first(length, hour) == begin)

    def files(self, question: Question) -> list[Path]:
        """The files that a question needs: those of days, where these are whole, and of hours for the rest."""
        first_s, end_s = question.first_step * question.step, question.end_step * question.step
        asked = range(first_s // HOUR_S, -(-end_s // HOUR_S))
        hours = {hour for hour in self.sealed if hour in asked}
        files: list[Path] = []
        if question.is_whole or question.step % DAY_S == 0:
            for day in range(-(-first_s // DAY_S), end_s // DAY_S):
                if day in self.rolled:
                    of_day = range(day * HOURS_PER_DAY, (day + 1) * HOURS_PER_DAY)
                    files += self.hours.files(MERGED, of_day[:1], step_s=DAY_S)
                    files += self.hours.files(MERGED, of_day, step_s=HOUR_S, after=self.rolled[day])
                    hours -= {*of_day}
        longest = max(step for step in STEPS_S if question.step % step == 0)
        return files + self.hours.files(MERGED, sorted(hours), step_s=longest)


class Merging:
    """What was read, merged by point."""

    def __init__(self) -> None:
        self.accumulators = _core.Accumulators(most_bytes=MOST_HELD_BYTES)
        self._numbers: dict[Key, int] = {}
        self.times: list[int] = []
        """Begins and ends of what there is, in Unix seconds."""
        self.files = 0
        self.read_bytes = 0
        self.deliveries = 0
        """Of the journal, where agents are told apart."""

    def number(self, key: Key) -> int:
        """The number of a point in the accumulators."""
        return self._numbers.setdefault(key, len(self._numbers))

    def points(self) -> Iterator[tuple[Key, int]]:
        """All points with their numbers."""
        return iter(self._numbers.items())


def answer(question: Question, stored: Stored, minutes: Minutes) -> Document:
    """Answer a question. Raises `ConfigError`, and `NotFoundError` where the policy has never been heard of."""
    question, merging = merged(question, stored, minutes)
    return described(question, merging, told_of(merging, stored, minutes))


def described(question: Question, merging: Merging, told: Document) -> Document:
    """The answer of what was merged."""
    series: dict[str, list[list[object]]] = {}
    kind = ""
    for key, number in sorted(merging.points()):
        for sample in _samples(question, key, number, merging):
            kind = sample.kind
            value = value_of(sample)
            if value is not None:
                series.setdefault(key.value, []).append([key.step * question.step, value])
    return {
        "policy": question.policy,
        "metric": question.metric,
        "kind": kind,
        "step_s": question.step,
        "by": question.by,
        "tag": question.tag,
        **told,
        "series": series,
    }


def merged(question: Question, stored: Stored, minutes: Minutes) -> tuple[Question, Merging]:
    """Merge what a question asks for, in steps as they are kept: gives the question with these.

    Raises `ConfigError`, and `NotFoundError` for a policy never heard of.
    """
    question.check()
    question = replace(question, step_s=stored.step_for(question))
    merging = Merging()
    _read_sealed(question, stored, merging)
    _read_minutes(question, stored.sealed, minutes, merging)
    check_policy(question, merging, stored, minutes)
    return question, merging


def check_policy(question: Question, merging: Merging, stored: Stored, minutes: Minutes) -> None:
    """Raise `NotFoundError` where a policy was never heard of."""
    if not merging.times and question.policy not in minutes.policies and not stored.sealed:
        raise NotFoundError(f"there is no policy {question.policy}")


def told_of(merging: Merging, stored: Stored, minutes: Minutes) -> Document:
    """Tell of what time there is anything, how much was read for it, and what there was no room for."""
    left_out = {name: count for name, count in merging.accumulators.left_out().items() if count}
    return {
        "data_from": min(merging.times, default=None),
        "data_to": max(merging.times, default=None),
        **({} if merging.times else {"kept_from": _kept_from(stored, minutes)}),
        "read": {
            "files": merging.files,
            "bytes": merging.read_bytes,
            **({"deliveries": merging.deliveries} if merging.deliveries else {}),
        },
        **({"left_out": left_out} if left_out else {}),
    }


def _kept_from(stored: Stored, minutes: Minutes) -> int | None:
    """From when on there is anything, sealed or not."""
    begins = (stored.begin_s(), *(minute * MINUTE_S for minute in minutes.numbers()[:1]))
    return min((begin for begin in begins if begin is not None), default=None)


def _read_sealed(question: Question, stored: Stored, merging: Merging) -> None:
    """Merge what is sealed, from the longest steps that make up those asked for."""
    files = stored.files(question)
    merging.files, merging.read_bytes = len(files), sum(path.stat().st_size for path in files)
    _check_cost(question, merging)
    if not files:
        return
    with stored.hours.ask() as connection:
        connection.execute(_rows_asked_for(), _parameters(question, files))
        points = connection.execute(
            'SELECT tag_value, step, min(epoch_ns(start)) // 1000000000, max(epoch_ns("end")) // 1000000000 '
            "FROM rows GROUP BY ALL"
        ).fetchall()
        if len(points) > MOST_POINTS:
            raise ConfigError(f"the answer would have {len(points)} points, more than {MOST_POINTS}: use a longer step")
        keys = [merging.number(Key(value, question.point_of(step))) for value, step, *_ in points]
        merging.times += [time for _, _, *times in points for time in times]
        columns = [list(column) for column in zip(*points, strict=True)][:2] or [[], []]
        connection.execute(
            "CREATE TEMPORARY TABLE points AS SELECT unnest($1::VARCHAR[]) AS tag_value, unnest($2::BIGINT[]) AS step, "
            "unnest($3::BIGINT[]) AS key",
            [*columns, keys],
        )
        merging.accumulators.add_stream(
            connection.sql("SELECT rows.*, key FROM rows JOIN points USING (tag_value, step)"), "key", "instance"
        )


def _check_cost(question: Question, merging: Merging) -> None:
    if merging.files > MOST_FILES or merging.read_bytes > MOST_READ_BYTES:
        longer = next((step for step in LENGTHS_S if step > question.step), None)
        remedy = "ask for a shorter time" + ("" if longer is None else f" or for step={longer}")
        raise ConfigError(
            f"this would read {merging.files} files of {merging.read_bytes >> 20} MB, more than {MOST_FILES} files of "
            f"{MOST_READ_BYTES >> 20} MB: {remedy}"
        )


def _rows_asked_for() -> str:
    """The statement that makes the table `rows` of what a question asks for."""
    return """
        CREATE TEMPORARY TABLE rows AS
        SELECT *, (epoch_ns(start) // 1000000000) // $step_s AS step FROM read_parquet($files)
        WHERE policy = $policy AND schema = $schema AND tag = $tag AND step >= $first AND step < $end
        AND (len($values) = 0 OR list_contains($values, tag_value))
        AND array_to_string(list_concat("group", [path]), '.') = $path
    """


def _parameters(question: Question, files: Sequence[Path]) -> dict[str, object]:
    schema, _, path = question.metric.partition(".")
    return {
        "files": [str(file) for file in files],
        "step_s": question.step,
        "policy": question.policy,
        "schema": schema,
        "path": path,
        "tag": question.tag,
        "values": list(question.values),
        "first": question.first_step,
        "end": question.end_step,
    }


def _read_minutes(question: Question, sealed: Mapping[int, int], minutes: Minutes, merging: Merging) -> None:
    """Merge what is not sealed."""
    first, end = question.first_step * question.step // MINUTE_S, question.end_step * question.step // MINUTE_S
    for minute in minutes.numbers():
        if first <= minute < end and minute // MINUTES_PER_HOUR not in sealed:
            for cell in minutes.cells(minute):
                if (cell.policy, cell.tag) == (question.policy, question.tag) and (
                    not question.values or cell.value in question.values
                ):
                    _take(question, cell, minute, minutes, merging)


def _take(question: Question, cell: Cell, minute: int, minutes: Minutes, merging: Merging) -> None:
    found = minutes.read(cell, minute)
    if found is None:
        return
    step = minute * MINUTE_S // question.step
    key = Key(cell.value, question.point_of(step))
    instances = found.table.column("instance")
    for row in rows_of(found.table, question.metric):
        merging.times += (minute * MINUTE_S, (minute + 1) * MINUTE_S)
        merging.accumulators.add(merging.number(key), found.table, row, 1, str(instances[row]))


def rows_of(table: _core.RecordTable, metric: str) -> list[int]:
    """The rows of a metric, by its place in JSON."""
    columns = [table.column(name) for name in ("schema", "group", "path")]
    return [
        row
        for row, (schema, group, path) in enumerate(zip(*columns, strict=True))
        if ".".join((schema, *group, path)) == metric
    ]


def _samples(question: Question, key: Key, number: int, merging: Merging) -> Sequence[Sample]:
    records = records_at(question, key, number, merging)
    return [sample for one in snapshots(records, top_count=question.top) for sample in one.samples]


def records_at(question: Question, key: Key, number: int, merging: Merging) -> list[Record]:
    """The merged records of a point."""
    first_minute, minutes = key.step * question.step // MINUTE_S, question.step // MINUTE_S
    return records_of(
        merging.accumulators.table(number, window_fields(Cell(question.policy), first_minute, minutes, is_closed=True))
    )


def value_of(sample: Sample) -> object:
    """A metric's value, with all that is known of it; None for nothing."""
    match sample.value:
        case TopValues(entries=entries):
            return [
                {
                    "name": one.name,
                    "estimate": one.estimate,
                    "lower": one.lower_bound,
                    "upper": one.upper_bound,
                    **dict(one.extra),
                }
                for one in entries
            ]
        case QuantileValues() | HistogramValues():
            document: Document = {}
            write_samples(document, [sample._replace(path=("value",))])
            return document.get("value")
        case value:
            return value
