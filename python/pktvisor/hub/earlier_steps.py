"""The steps of agents in hours that are sealed: read once at the start, an hour at a time, so that strips go on."""

from __future__ import annotations

from collections.abc import Iterator

from pktvisor.hub.agent_steps import ANSWERS, FAILURES, STEP_MINUTES, AgentSteps, Earlier
from pktvisor.hub.delivery import MINUTE_NS, MINUTE_S
from pktvisor.hub.hours import WINDOWS, Hours

ALWAYS = "deep_samples"
"""The end of a path that every handler has: its record tells of the window, whatever else is measured."""
# Of each window its figures; then, of the minutes that it spans, those of the handler that leads its tap.
STEPS = """
    WITH windows AS (
        SELECT agent, tap, schema = 'dns' AS is_dns, policy || chr(10) || instance AS handler,
            epoch_ns(start) // $minute_ns AS begin,
            greatest(1, ceil(any_value(length_s) / $minute_s))::BIGINT AS minutes,
            any_value(seen)::DOUBLE AS seen, any_value(ledger) AS ledger,
            sum(value) FILTER (list_contains($answers, path)) AS answers,
            sum(value) FILTER (list_contains($failures, path)) AS failures
        FROM read_parquet($files, hive_partitioning = false)
        WHERE ends_with(path, $always) OR list_contains($answers, path) OR list_contains($failures, path)
        GROUP BY agent, tap, schema, policy, instance, start
    ), told AS (
        SELECT *, unnest(range(begin, begin + minutes)) AS minute,
            coalesce(map_extract(ledger, 'decoded')[1], 0) + coalesce(map_extract(ledger, 'filtered')[1], 0) AS counted,
            coalesce(map_extract(ledger, 'seen')[1], 0)
                + coalesce(map_extract(ledger, 'dropped_by_interface')[1], 0) AS came
        FROM windows
    ), led AS (
        SELECT *, min(handler) OVER tap AS leader, min(handler) FILTER (is_dns) OVER tap AS dns_leader
        FROM told WINDOW tap AS (PARTITION BY agent, tap, minute // $step_minutes)
    )
    SELECT agent, minute // $step_minutes AS step, bit_or(1 << (minute % $step_minutes)),
        sum(seen / minutes) FILTER (handler = leader),
        sum(seen * (1 - counted / nullif(came, 0)) / minutes) FILTER (handler = leader),
        sum(answers / minutes) FILTER (is_dns AND handler = dns_leader),
        sum(failures / minutes) FILTER (is_dns AND handler = dns_leader)
    FROM led GROUP BY ALL
"""


def read_earlier(hours: Hours, hour: int, steps: AgentSteps) -> None:
    """Add what agents measured in a sealed hour. InputError where its files can't be read."""
    for agent, earlier in _steps_of(hours, hour):
        steps.add_earlier(agent, earlier)


def _steps_of(hours: Hours, hour: int) -> Iterator[tuple[str, Earlier]]:
    files = hours.files(WINDOWS, [hour])
    if not files:
        return
    asked = {
        "files": [str(path) for path in files],
        "minute_ns": MINUTE_NS,
        "minute_s": MINUTE_S,
        "step_minutes": STEP_MINUTES,
        "always": ALWAYS,
        "answers": list(ANSWERS),
        "failures": list(FAILURES),
    }
    with hours.ask() as connection:
        for agent, step, minutes, *sums in connection.execute(STEPS, asked).fetchall():
            yield agent, Earlier(step, minutes, tuple(value or 0.0 for value in sums))
