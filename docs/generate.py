"""Write the reference pages that follow from the code: docs/reference/metrics.md and docs/reference/columns.md.

Usage: python docs/generate.py. A test fails where the pages are older than the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pktvisor.handlers import handlers
from pktvisor.handlers.base import WINDOW_OPTIONS, Handler
from pktvisor.metrics.expressions import schema
from pktvisor.metrics.kinds import Cardinality, Counter, Histogram, Last, LedgerCounter, Metric, Quantiles, Rate, TopN

REFERENCE = Path(__file__).parent / "reference"

KINDS = {
    Counter: "counter",
    LedgerCounter: "counter",
    Last: "newest value",
    Rate: "rate",
    Histogram: "histogram",
    Quantiles: "quantiles",
    Cardinality: "cardinality",
    TopN: "top list",
}

DECLARED_ELSEWHERE = (
    "Its metrics and groups are those that the policy declares: see [Declare metrics](../how-to/declare-metrics.md)."
)

NOTE = "<!-- Written by docs/generate.py; change the declarations, not this page. -->"


def metrics_page() -> str:
    """Every handler with its options, groups and metrics."""
    sections = ["# Metrics", NOTE, *(_handler_section(declared) for _, declared in sorted(handlers().items()))]
    return "\n\n".join(sections) + "\n"


def _handler_section(handler: type[Handler]) -> str:
    defaults = ", ".join(f"**{group}**" if is_on else group for group, is_on in handler.groups.items())
    lines = [
        f"## {handler.type} {handler.version}",
        "",
        f"JSON key `{handler.schema}`. {(handler.__doc__ or '').strip().splitlines()[0]}",
        "",
        f"- Inputs: {', '.join(handler.inputs)}",
        f"- Groups (bold ones are on by default): {defaults or 'none'}",
        f"- Options: {', '.join(f'`{option}`' for option in (*handler.options, *WINDOW_OPTIONS))}",
        "",
        *(_metric_table(handler) if handler.declared() else [DECLARED_ELSEWHERE]),
    ]
    return "\n".join(lines)


def _metric_table(handler: type[Handler]) -> list[str]:
    head = ["| JSON path | Prometheus | Kind | Groups | Meaning |", "|---|---|---|---|---|"]
    return [*head, *_metric_rows(handler)]


def _metric_rows(handler: type[Handler]) -> Iterator[str]:
    for metric in handler.declared().values():
        if metric.is_hidden:
            continue
        is_apart = handler.direction is not None and metric.by_direction is not False
        path = f"{handler.schema}.{'*D*.' if is_apart else ''}{metric.path}"
        name = "_".join((metric.prefix or handler.schema, *metric.path.split(".")))
        labels = [*(["direction"] if is_apart else []), *([metric.label] if isinstance(metric, TopN) else [])]
        shown = f"`{name}`" + (f" {{{', '.join(labels)}}}" if labels else "")
        yield f"| {path} | {shown} | {kind_name(metric)} | {', '.join(metric.groups) or '-'} | {metric.help} |"


def kind_name(metric: Metric) -> str:
    """The kind's name for people."""
    return KINDS[type(metric)]


def columns_page() -> str:
    """Every column of every table."""
    lines = ["# Columns", "", NOTE, ""]
    table = ""
    for column in schema().values():
        if column.table != table:
            table = column.table
            lines += ["", f"## {table}", "", "| Column | Type | Unit | Meaning |", "|---|---|---|---|"]
        lines.append(f"| `{column.name}` | {column.type} | {column.unit or '-'} | {column.meaning} |")
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """The pages with their texts."""
    return {REFERENCE / "metrics.md": metrics_page(), REFERENCE / "columns.md": columns_page()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
