"""Why an answer over history is empty: what is not there of what was asked for, and what is there instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from pathlib import Path

from pktvisor.config.suggestions import did_you_mean
from pktvisor.hub.delivery import MINUTE_S
from pktvisor.hub.history import Question, Stored
from pktvisor.hub.minutes import Cell, Minutes
from pktvisor.outputs.json import Document

MOST_FILES = 4
"""Files that are read for it; those of other hours hold much the same."""
MOST_MINUTES = 4
MOST_TOLD = 10
"""Names that are told."""


def explained(told: Document, question: Question, stored: Stored, minutes: Minutes) -> Document:
    """An answer, with the reason where there is no data in it and something is known of that time."""
    if told["data_from"] is not None:
        return told
    kept = replace(question, step_s=stored.step_for(question))
    why = _reason(kept, stored, minutes)
    return {**told, "reason": why} if why else told


def _reason(question: Question, stored: Stored, minutes: Minutes) -> str:
    """Tell what is not there, in a sentence; empty where nothing at all is there of that time."""
    files = stored.files(question)[-MOST_FILES:]
    first, end = question.first_step * question.step // MINUTE_S, question.end_step * question.step // MINUTE_S
    hot = [minute for minute in minutes.numbers() if first <= minute < end][-MOST_MINUTES:]
    cells = _sealed_cells(files, stored) | {cell for minute in hot for cell in minutes.cells(minute)}
    if not cells:
        return ""
    told = _unknown_cell(question, cells)
    return told or _unknown_metric(question, _sealed_metrics(question, files, stored) | _hot(question, hot, minutes))


def _unknown_cell(question: Question, cells: Set[Cell]) -> str:
    policies = {policy for policy, _, _ in cells}
    if question.policy not in policies:
        return f"there was no policy {question.policy} then{_instead(question.policy, policies)}"
    tags = {tag for policy, tag, _ in cells if policy == question.policy and tag}
    if question.tag and question.tag not in tags:
        return f"no agent with policy {question.policy} had a tag {question.tag} then{_instead(question.tag, tags)}"
    values = {value for policy, tag, value in cells if (policy, tag) == (question.policy, question.tag)}
    if question.values and values.isdisjoint(question.values):
        wanted = " or ".join(question.values)
        return f"no agent had {question.tag}={wanted} then{_instead(question.values[0], values)}"
    return ""


def _unknown_metric(question: Question, metrics: Set[str]) -> str:
    if question.metric in metrics:
        return ""
    handlers = {metric.partition(".")[0] for metric in metrics}
    handler = question.metric.partition(".")[0]
    if handler not in handlers:
        return f"policy {question.policy} had no handler {handler} then{_instead(handler, handlers)}"
    of_handler = sorted(metric for metric in metrics if metric.partition(".")[0] == handler)
    below = [metric for metric in of_handler if metric.startswith(f"{question.metric}.")]
    end = f": name one of its metrics, as {below[0]}" if below else did_you_mean(question.metric, of_handler)
    return f"policy {question.policy} had no metric {question.metric} then{end}"


def _instead(name: str, known: Iterable[str]) -> str:
    """What is there instead: the one that may be meant, else the first of all."""
    names = sorted(known)
    more = ", ..." if len(names) > MOST_TOLD else ""
    return did_you_mean(name, names) or (f": there are {', '.join(names[:MOST_TOLD])}{more}" if names else "")


def _sealed_cells(files: Sequence[Path], stored: Stored) -> set[Cell]:
    return {Cell(*cell) for cell in _distinct("policy, tag, tag_value", "true", (), files, stored)}


def _sealed_metrics(question: Question, files: Sequence[Path], stored: Stored) -> set[str]:
    place = """array_to_string(list_concat([schema], "group", [path]), '.')"""
    return {metric for (metric,) in _distinct(place, "policy = ? AND tag = ''", (question.policy,), files, stored)}


def _distinct(
    columns: str, where: str, parameters: Sequence[str], files: Sequence[Path], stored: Stored
) -> list[tuple[str, ...]]:
    if not files:
        return []
    query = f"SELECT DISTINCT {columns} FROM read_parquet(?) WHERE {where}"
    with stored.hours.ask() as connection:
        found: list[tuple[str, ...]] = connection.execute(
            query, [[str(file) for file in files], *parameters]
        ).fetchall()
    return found


def _hot(question: Question, hot: Sequence[int], minutes: Minutes) -> set[str]:
    tables = (found.table for minute in hot if (found := minutes.read(Cell(question.policy), minute)) is not None)
    columns = ([table.column(name) for name in ("schema", "group", "path")] for table in tables)
    return {
        ".".join((schema, *group, path)) for of_table in columns for schema, group, path in zip(*of_table, strict=True)
    }
