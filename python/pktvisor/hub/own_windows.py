"""What agents measured each by itself: their own windows, from sealed hours and from the journal, merged by agent.

Merged windows do not tell agents apart; these do. What is read has a bound, which is known before: where that is too
little, or not all of the time is kept any more, nothing is told but the reason.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pktvisor.errors import InputError
from pktvisor.hub.admission import MINUTES_PER_HOUR, HourIndex, Kept, mark_of
from pktvisor.hub.delivery import MINUTE_S, Delivery, handler_of, minute_of, read_delivery
from pktvisor.hub.history import MOST_FILES, MOST_POINTS, MOST_READ_BYTES, Key, Merging, Question, Stored, rows_of
from pktvisor.hub.hours import DAY_S, HOUR_S, HOURS_PER_DAY, MERGED, WINDOWS
from pktvisor.hub.journal import Journal
from pktvisor.hub.minutes import Minutes
from pktvisor.hub.showing import names_of

MOST_DELIVERIES = 20_000
"""Deliveries that are read of the journal: each is unpacked whole."""


NOT_KEPT = "only the agents' own windows tell agents apart, and those of this time are not all kept any more"


class UnknownError(Exception):
    """Why it is not known what single agents measured."""

    def __init__(self, reason: str, **told: int) -> None:
        super().__init__(reason)
        self.told = told
        """What goes with the reason, in seconds."""


class TooMuchError(UnknownError):
    """Too much would have to be read."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The agents' own windows."""

    stored: Stored
    journal: Journal
    hot: Mapping[int, HourIndex]
    """By hour the deliveries of the journal."""
    minutes: Minutes


def kept_from(question: Question, windows: Windows) -> int | None:
    """From when on, in Unix seconds, all windows of a question's time are kept; None where they all are.

    Where there are merged windows of a time and no others, these are not kept any more.
    """
    asked, hours, lost = _hours(question), windows.stored.hours, list[int]()
    for hour in _sealed(asked, windows):
        if hours.files(MERGED, [hour], step_s=HOUR_S) and not hours.files(WINDOWS, [hour]):
            lost.append(hour)
    for day in windows.stored.rolled:
        of_day = range(day * HOURS_PER_DAY, (day + 1) * HOURS_PER_DAY)
        is_asked = of_day[0] in asked or of_day[-1] in asked
        if is_asked and hours.files(MERGED, of_day[:1], step_s=DAY_S) and not hours.files(WINDOWS, of_day):
            lost.append(of_day[-1])
    return (max(lost) + 1) * HOUR_S if lost else None


def merged_by_agent(question: Question, windows: Windows) -> Merging:
    """Merge what single agents measured, in the steps of a question. Raises `UnknownError`."""
    if (begin_s := kept_from(question, windows)) is not None:
        raise UnknownError(NOT_KEPT, kept_from=begin_s)
    sealed = _sealed(_hours(question), windows)
    hot = _hot(question, sealed, windows)
    merging = Merging()
    merging.deliveries = len(hot)
    _read_sealed(question, sealed, windows, merging)
    _read_hot(question, hot, windows, merging)
    return merging


def _hours(question: Question) -> range:
    return range(question.first_step * question.step // HOUR_S, -(-question.end_step * question.step // HOUR_S))


def _sealed(asked: range, windows: Windows) -> list[int]:
    return [hour for hour in sorted(windows.stored.sealed) if hour in asked]


def _hot(question: Question, sealed: Sequence[int], windows: Windows) -> list[Kept]:
    """The deliveries of the journal that may have windows of some hours. Raises `UnknownError`."""
    hours = [hour for hour in _hours(question) if hour not in sealed]
    in_memory = {minute // MINUTES_PER_HOUR for minute in windows.minutes.numbers()}
    if any(hour in in_memory and hour not in windows.hot for hour in hours):
        raise UnknownError("an hour of this time is being sealed at this moment: ask again in a minute")
    marks = {mark_of(agent) for agent in question.agents}
    found = [kept for hour in hours for kept in windows.hot.get(hour, ()) if not marks or kept.agent_mark in marks]
    if len(found) > MOST_DELIVERIES:
        reason = f"{len(found)} deliveries of this time are not sealed yet, more than {MOST_DELIVERIES}"
        raise TooMuchError(f"{reason}: name agents with agent=NAME" if question.by_agent else reason)
    return found


def _read_sealed(question: Question, sealed: Sequence[int], windows: Windows, merging: Merging) -> None:
    """Merge what is sealed."""
    files = windows.stored.hours.files(WINDOWS, sealed)
    merging.files, merging.read_bytes = len(files), sum(path.stat().st_size for path in files)
    if merging.files > MOST_FILES or merging.read_bytes > MOST_READ_BYTES:
        raise TooMuchError(
            f"this would read {merging.files} files of {merging.read_bytes >> 20} MB, more than {MOST_FILES} files of "
            f"{MOST_READ_BYTES >> 20} MB: ask for a shorter time"
        )
    if files:
        with windows.stored.hours.ask() as connection:
            asked = _parameters(question, files)
            _note_handlers(question, windows, connection, asked)
            _note_points(question, merging, connection, asked)
            rows = connection.sql(
                f"SELECT sent.* REPLACE (handler AS instance), key FROM (SELECT *{_ROWS}) AS sent "
                "JOIN handlers USING (agent, policy, tap, instance, tagged) JOIN points USING (agent, step)",
                params=asked,
            )
            merging.accumulators.add_stream(rows, "key", "instance")


_ROWS = """
    , tags::VARCHAR AS tagged,
    CASE WHEN $is_whole THEN $first_step ELSE epoch_ns(start) // 1000000000 // $step_s END AS step
    FROM read_parquet($files, hive_partitioning = false)
    WHERE schema = $schema AND array_to_string(list_concat("group", [path]), '.') = $path
    AND epoch_ns(start) // 1000000000 >= $first_s AND epoch_ns(start) // 1000000000 < $end_s
    AND (len($agents) = 0 OR list_contains($agents, agent))
"""
"""Two columns more, and which rows are asked for."""


def _parameters(question: Question, files: Sequence[Path]) -> dict[str, object]:
    schema, _, path = question.metric.partition(".")
    return {
        "files": [str(file) for file in files],
        "schema": schema,
        "path": path,
        "agents": list(question.agents),
        "is_whole": question.is_whole,
        "step_s": question.step,
        "first_step": question.first_step,
        "first_s": question.first_step * question.step,
        "end_s": question.end_step * question.step,
    }


def _note_handlers(question: Question, windows: Windows, connection: Any, asked: Mapping[str, object]) -> None:
    """Make the table `handlers`: those that the policy shows, with the names that they have in it."""
    senders = connection.execute(
        f"SELECT agent, policy, tap, instance, tagged, any_value(tags) FROM (SELECT *{_ROWS}) GROUP BY ALL", asked
    ).fetchall()
    shown = [one[:5] for one in senders if _is_shown(question, windows, one[1], one[5])]
    names = [handler_of(policy, tap, instance) for _, policy, tap, instance, _ in shown]
    columns = [list(column) for column in zip(*shown, strict=True)] or [[] for _ in range(5)]
    connection.execute(
        "CREATE TEMPORARY TABLE handlers AS SELECT unnest($1::VARCHAR[]) AS agent, unnest($2::VARCHAR[]) AS policy, "
        "unnest($3::VARCHAR[]) AS tap, unnest($4::VARCHAR[]) AS instance, unnest($5::VARCHAR[]) AS tagged, "
        "unnest($6::VARCHAR[]) AS handler",
        [*columns, names],
    )


def _note_points(question: Question, merging: Merging, connection: Any, asked: Mapping[str, object]) -> None:
    """Make the table `points`: the keys of what agents measured in a step. Raises `TooMuchError`."""
    found = connection.execute(
        'SELECT agent, step, min(epoch_ns(start)) // 1000000000, max(epoch_ns("end")) // 1000000000 '
        f"FROM (SELECT *{_ROWS}) JOIN handlers USING (agent, policy, tap, instance, tagged) GROUP BY agent, step",
        asked,
    ).fetchall()
    _check_points(question, len(found))
    merging.times += [time for *_, begin, end in found for time in (begin, end)]
    agents, steps = [agent for agent, *_ in found], [step for _, step, *_ in found]
    keys = [merging.number(Key(agent, step)) for agent, step in zip(agents, steps, strict=True)]
    connection.execute(
        "CREATE TEMPORARY TABLE points AS SELECT unnest($1::VARCHAR[]) AS agent, unnest($2::BIGINT[]) AS step, "
        "unnest($3::BIGINT[]) AS key",
        [agents, steps, keys],
    )


def _check_points(question: Question, points: int) -> None:
    if points > MOST_POINTS and not question.is_whole:
        raise TooMuchError(
            f"the answer would have {points} points, more than {MOST_POINTS}: use a longer step, or name agents with "
            "agent=NAME"
        )


def _is_shown(question: Question, windows: Windows, policy: str, tags: Mapping[str, str]) -> bool:
    """Whether a question is about what an agent with these tags measured in a policy of its own."""
    if question.tag and tags.get(question.tag) not in question.values:
        return False
    return question.policy in names_of(windows.minutes.configured, policy, tags)


def _read_hot(question: Question, hot: Iterable[Kept], windows: Windows, merging: Merging) -> None:
    """Merge what is not sealed. Raises `UnknownError`."""
    for kept in hot:
        try:
            entry = windows.journal.read(kept.position)
        except InputError:
            raise UnknownError("the journal can't be read at this moment: ask again in a minute") from None
        if entry is not None:
            with contextlib.suppress(InputError):  # damage was told when it came
                _take(question, read_delivery(entry.body), kept.taken, windows, merging)
    _check_points(question, sum(1 for _ in merging.points()))


def _take(question: Question, delivery: Delivery, taken: int, windows: Windows, merging: Merging) -> None:
    """Merge the windows of a delivery that count."""
    steps = range(question.first_step, question.end_step)
    sender, schema = delivery.sender, question.metric.partition(".")[0]
    if question.agents and sender.agent not in question.agents:
        return
    for at, run in enumerate(delivery.runs):
        step = minute_of(run) * MINUTE_S // question.step
        is_asked = run.schema == schema and step in steps
        if taken >> at & 1 and is_asked and _is_shown(question, windows, run.policy, sender.tags):
            table, handler = delivery.table.rows(run.first, run.count), handler_of(run.policy, run.tap, run.instance)
            for row in rows_of(table, question.metric):
                number = merging.number(Key(sender.agent, question.point_of(step)))
                merging.accumulators.add(number, table, row, 1, handler)
                merging.times += (run.start_ns // 1_000_000_000, run.end_ns // 1_000_000_000)
