"""How many agents saw each item of a top list over a time.

Merged windows do not tell agents apart; the agents' own do. Those of the time are read, from sealed hours and from the
journal, and merged by agent. A list that was cut does not know its light items, so that there are two bounds: the
agents in whose lists an item is, and with them those that may have seen it unlisted. What is read has a bound; where
that is too little, or the windows are not kept any more, nothing is told but the reason.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pktvisor.errors import InputError
from pktvisor.hub.admission import MINUTES_PER_HOUR, HourIndex, Kept
from pktvisor.hub.delivery import MINUTE_S, Delivery, minute_of, read_delivery
from pktvisor.hub.history import (
    MOST_FILES,
    MOST_READ_BYTES,
    Key,
    Merging,
    Question,
    Stored,
    records_at,
    rows_of,
)
from pktvisor.hub.hours import DAY_S, HOUR_S, HOURS_PER_DAY, MERGED, WINDOWS, Hours
from pktvisor.hub.journal import Journal
from pktvisor.hub.minutes import Minutes
from pktvisor.hub.showing import names_of
from pktvisor.outputs.json import Document
from pktvisor.windows.reading import core_metric

MOST_ITEMS = 6144
"""Items of a top list: no list tracks more."""
MOST_DELIVERIES = 20_000
"""Deliveries that are read of the journal: each is unpacked whole."""

Item = tuple[object, ...]
"""What tells an item of a top list from others: its name, and where it is if that is a place."""


class UnknownError(Exception):
    """Why it is not known which agents saw something."""

    def __init__(self, reason: str, **told: int) -> None:
        super().__init__(reason)
        self.told = told
        """What goes with the reason, in seconds."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The agents' own windows."""

    stored: Stored
    journal: Journal
    hot: Mapping[int, HourIndex]
    """By hour the deliveries of the journal."""
    minutes: Minutes


@dataclass(frozen=True, slots=True)
class Sightings:
    """Which agents saw what."""

    agents: int
    """Those that sent the top list."""
    cut: int
    """Those whose list does not have all that they saw."""
    seen: Counter[Item]
    """In the lists of how many an item is."""
    seen_cut: Counter[Item]
    """In how many of those that were cut."""
    read: Document
    """What was read for it."""

    def of(self, item: Item) -> Document:
        """How many agents saw an item."""
        return {"at_least": self.seen[item], "at_most": self.seen[item] + self.cut - self.seen_cut[item]}


def sightings(question: Question, windows: Windows, items: Collection[Item]) -> Sightings:
    """Tell which agents saw some items, in the steps of a question. Raises `UnknownError`."""
    asked = range(question.first_step * question.step // HOUR_S, -(-question.end_step * question.step // HOUR_S))
    sealed = [hour for hour in sorted(windows.stored.sealed) if hour in asked]
    _check_kept(asked, sealed, windows.stored.hours, windows.stored.rolled)
    hot = _hot(asked, sealed, windows)
    merging = Merging()
    _read_sealed(question, sealed, windows, merging)
    _read_hot(question, hot, windows, merging)
    read: Document = {"files": merging.files, "bytes": merging.read_bytes, "deliveries": len(hot)}
    return _counted(question, merging, items, read)


def _check_kept(asked: range, sealed: Sequence[int], hours: Hours, rolled: Mapping[int, int]) -> None:
    """Raise `UnknownError` where there are merged windows of a time and no others any more."""
    days = [day for day in rolled if day * HOURS_PER_DAY in asked or (day + 1) * HOURS_PER_DAY - 1 in asked]
    lost = [hour for hour in sealed if hours.files(MERGED, [hour], step_s=HOUR_S) and not hours.files(WINDOWS, [hour])]
    for day in days:
        of_day = range(day * HOURS_PER_DAY, (day + 1) * HOURS_PER_DAY)
        if hours.files(MERGED, of_day[:1], step_s=DAY_S) and not hours.files(WINDOWS, of_day):
            lost.append(of_day[-1])
    if lost:
        reason = "only the agents' own windows tell agents apart, and those of this time are not all kept any more"
        raise UnknownError(reason, kept_from=(max(lost) + 1) * HOUR_S)


def _hot(asked: range, sealed: Sequence[int], windows: Windows) -> list[Kept]:
    """The deliveries of the journal that may have windows of some hours. Raises `UnknownError`."""
    indexes = [index for hour, index in windows.hot.items() if hour in asked and hour not in sealed]
    if (count := sum(map(len, indexes))) > MOST_DELIVERIES:
        raise UnknownError(f"{count} deliveries of this time are not sealed yet, more than {MOST_DELIVERIES}")
    in_memory = {minute // MINUTES_PER_HOUR for minute in windows.minutes.numbers()}
    if any(hour in asked and hour not in sealed and hour not in windows.hot for hour in in_memory):
        raise UnknownError("an hour of this time is being sealed at this moment: ask again in a minute")
    return [kept for index in indexes for kept in index]


def _read_sealed(question: Question, sealed: Sequence[int], windows: Windows, merging: Merging) -> None:
    """Merge what is sealed, by agent."""
    files = windows.stored.hours.files(WINDOWS, sealed)
    merging.files, merging.read_bytes = len(files), sum(path.stat().st_size for path in files)
    if merging.files > MOST_FILES or merging.read_bytes > MOST_READ_BYTES:
        raise UnknownError(
            f"this would read {merging.files} files of {merging.read_bytes >> 20} MB, more than {MOST_FILES} files of "
            f"{MOST_READ_BYTES >> 20} MB: ask for a shorter time"
        )
    if not files:
        return
    with windows.stored.hours.connect() as connection:
        asked = _parameters(question, files)
        senders = connection.execute(
            f"SELECT agent, policy, tags::VARCHAR, any_value(tags) {_ROWS} GROUP BY ALL", asked
        ).fetchall()
        shown = [one for one in senders if _is_shown(question, windows, one[1], one[3])]
        keys = [merging.number(Key(agent, question.first_step)) for agent, *_ in shown]
        columns = [list(column) for column in zip(*shown, strict=True)][:3] or [[], [], []]
        connection.execute(
            "CREATE TABLE senders AS SELECT unnest($1::VARCHAR[]) AS agent, unnest($2::VARCHAR[]) AS policy, "
            "unnest($3::VARCHAR[]) AS tagged, unnest($4::BIGINT[]) AS key",
            [*columns, keys],
        )
        rows = f"SELECT sent.*, key FROM (SELECT *, tags::VARCHAR AS tagged {_ROWS}) AS sent JOIN senders USING "
        merging.accumulators.add_stream(
            connection.sql(f"{rows} (agent, policy, tagged)", params=asked), "key", "instance"
        )


_ROWS = """
    FROM read_parquet($files, hive_partitioning = false)
    WHERE schema = $schema AND array_to_string(list_concat("group", [path]), '.') = $path
    AND epoch_ns(start) // 1000000000 >= $first AND epoch_ns(start) // 1000000000 < $end
"""
"""The rows of a metric."""


def _parameters(question: Question, files: Sequence[Path]) -> dict[str, object]:
    schema, _, path = question.metric.partition(".")
    first_s, end_s = question.first_step * question.step, question.end_step * question.step
    return {"files": [str(file) for file in files], "schema": schema, "path": path, "first": first_s, "end": end_s}


def _is_shown(question: Question, windows: Windows, policy: str, tags: Mapping[str, str]) -> bool:
    """Whether a question is about what an agent with these tags measured in a policy of its own."""
    if question.tag and tags.get(question.tag) not in question.values:
        return False
    return question.policy in names_of(windows.minutes.configured, policy, tags)


def _read_hot(question: Question, hot: Iterable[Kept], windows: Windows, merging: Merging) -> None:
    """Merge what is not sealed, by agent. Raises `UnknownError`."""
    for kept in hot:
        try:
            entry = windows.journal.read(kept.position)
        except InputError:
            raise UnknownError("the journal can't be read at this moment: ask again in a minute") from None
        if entry is not None:
            with contextlib.suppress(InputError):  # damage was told when it came
                _take(question, read_delivery(entry.body), kept.taken, windows, merging)


def _take(question: Question, delivery: Delivery, taken: int, windows: Windows, merging: Merging) -> None:
    """Merge the windows of a delivery that count."""
    steps = range(question.first_step, question.end_step)
    sender, schema = delivery.sender, question.metric.partition(".")[0]
    for at, run in enumerate(delivery.runs):
        is_asked = run.schema == schema and minute_of(run) * MINUTE_S // question.step in steps
        if taken >> at & 1 and is_asked and _is_shown(question, windows, run.policy, sender.tags):
            table = delivery.table.rows(run.first, run.count)
            for row in rows_of(table, question.metric):
                number = merging.number(Key(sender.agent, question.first_step))
                merging.accumulators.add(number, table, row, 1, run.instance)


def _counted(question: Question, merging: Merging, items: Collection[Item], read: Document) -> Sightings:
    """Count the agents in whose lists items are."""
    has_left_out = merging.accumulators.left_out()["rows"] > 0
    agents, cut, seen, seen_cut = 0, 0, Counter[Item](), Counter[Item]()
    for key, number in merging.points():
        lists = [core for one in records_at(question, key, number, merging) if (core := core_metric(one)) is not None]
        listed = {item_of(row) for core in lists for row in core.top(MOST_ITEMS) if row[2] > 0}.intersection(items)
        agents += 1
        seen.update(listed)
        if has_left_out or any(core.weights()[1] for core in lists):
            cut += 1
            seen_cut.update(listed)
    return Sightings(agents, cut, seen, seen_cut, read)


def item_of(row: Sequence[object]) -> Item:
    """What tells a row of a top list from others."""
    return (row[0], *row[4:])
