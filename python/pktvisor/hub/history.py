"""One metric over any time: from the sealed hours and from the minutes in memory, in steps, apart by a tag.

A question names its cost before anything is read: how many steps it asks for is bounded, and what is read is what was
merged in steps as long as possible, so that a day costs 24 windows and no day costs all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pktvisor import _core
from pktvisor.errors import ConfigError, NotFoundError
from pktvisor.hub.admission import MINUTES_PER_HOUR
from pktvisor.hub.delivery import MINUTE_S
from pktvisor.hub.hours import HOUR_S, MERGED, STEPS_S, Hours
from pktvisor.hub.minutes import Cell, Minutes, window_fields
from pktvisor.metrics.snapshot import HistogramValues, QuantileValues, Sample, TopValues
from pktvisor.outputs.json import Document, write_samples
from pktvisor.windows.reading import snapshots
from pktvisor.windows.record import Record
from pktvisor.windows.tables import records_of

MOST_POINTS = 20_000
"""Steps of all series of an answer together."""
MOST_TOP = 1000
LONGEST_BY_STEP_S = {60: 6 * HOUR_S, 600: 5 * 24 * HOUR_S}
"""How long a time is shown in steps of that length where nobody says; what is longer, in hours."""


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

    @property
    def step(self) -> int:
        """The length of a step that is answered with."""
        if self.step_s:
            return self.step_s
        length = self.to_s - self.from_s
        return next((step for step, longest in LONGEST_BY_STEP_S.items() if length <= longest), HOUR_S)

    @property
    def first_step(self) -> int:
        """Number of the first step, counted from 1970."""
        return self.from_s // self.step

    @property
    def end_step(self) -> int:
        """Number of the step behind the last one."""
        return -(-self.to_s // self.step)

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


class Merging:
    """What was read, merged by point."""

    def __init__(self) -> None:
        self.accumulators = _core.Accumulators()
        self._numbers: dict[Key, int] = {}
        self.steps: set[int] = set()
        """The steps of which there is anything."""

    def number(self, key: Key) -> int:
        """The number of a point in the accumulators."""
        return self._numbers.setdefault(key, len(self._numbers))

    def points(self) -> Iterator[tuple[Key, int]]:
        """All points with their numbers."""
        return iter(self._numbers.items())


def answer(question: Question, hours: Hours, sealed: Mapping[int, int], minutes: Minutes) -> Document:
    """Answer a question. Raises `ConfigError`, and `NotFoundError` where the policy has never been heard of."""
    merging = merged(question, hours, sealed, minutes)
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
        "tag": question.tag,
        **data_range(question, merging),
        "series": series,
    }


def merged(question: Question, hours: Hours, sealed: Mapping[int, int], minutes: Minutes) -> Merging:
    """Merge what a question asks for. Raises `ConfigError`, and `NotFoundError` for a policy never heard of."""
    question.check()
    merging = Merging()
    _read_sealed(question, hours, sealed, merging)
    _read_minutes(question, sealed, minutes, merging)
    if not merging.steps and question.policy not in minutes.policies and not hours.hours(MERGED):
        raise NotFoundError(f"there is no policy {question.policy}")
    return merging


def data_range(question: Question, merging: Merging) -> Document:
    """Tell of what time there is anything."""
    step = question.step
    return {
        "data_from": min(merging.steps) * step if merging.steps else None,
        "data_to": (max(merging.steps) + 1) * step if merging.steps else None,
    }


def _read_sealed(question: Question, hours: Hours, sealed: Mapping[int, int], merging: Merging) -> None:
    """Merge what is sealed, from the longest steps that make up those asked for."""
    files = hours.files(MERGED, _sealed_hours(question, sealed), step_s=_longest_step(question))
    if files:
        with hours.connect() as connection:
            connection.execute(_rows_asked_for(), _parameters(question, files))
            points = connection.execute("SELECT DISTINCT tag_value, step FROM rows").fetchall()
            connection.execute("CREATE TABLE points (tag_value VARCHAR, step BIGINT, key BIGINT)")
            for value, step in points:
                merging.steps.add(step)
                number = merging.number(Key(value, question.point_of(step)))
                connection.execute("INSERT INTO points VALUES (?, ?, ?)", [value, step, number])
            merging.accumulators.add_stream(
                connection.sql("SELECT rows.*, key FROM rows JOIN points USING (tag_value, step)"),
                "key",
                "instance",
            )


def _sealed_hours(question: Question, sealed: Mapping[int, int]) -> list[int]:
    asked = range(question.from_s // HOUR_S, -(-question.to_s // HOUR_S))
    return sorted(hour for hour in sealed if hour in asked)


def _longest_step(question: Question) -> int:
    return max(step for step in STEPS_S if question.step % step == 0)


def _rows_asked_for() -> str:
    """The statement that makes the table `rows` of what a question asks for."""
    return """
        CREATE TABLE rows AS
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
        merging.steps.add(step)
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
