"""Write the reference pages that follow from the code: metrics.md, columns.md, protocols.md, rest.md, openapi.json,
commands.md, the table of options in configuration.md, that of fields in window-record.md, those of the process and the
ledger in prometheus.md, those of figures in hub-size.md, agent-size.md and comparison.md.

Usage: python docs/generate.py. A test fails if the pages are out of date.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pktvisor import _core
from pktvisor.cli.daemon import daemon_parser
from pktvisor.cli.hub import hub_parser
from pktvisor.cli.hub_demo import demo_parser
from pktvisor.cli.hub_sql import sql_parser
from pktvisor.cli.options import STATUSES
from pktvisor.cli.reader import reader_parser
from pktvisor.cli.ui import terminal_parser
from pktvisor.config.daemon_options import FORMER, KEYS
from pktvisor.config.options import Declared, File, Flag, Number, Ports, TagList, Url
from pktvisor.config.ports import ANY, port_options
from pktvisor.handlers import handlers
from pktvisor.handlers.base import WINDOW_OPTIONS, Handler
from pktvisor.hub.routes import groups as hub_groups
from pktvisor.metrics.expressions import schema
from pktvisor.policies.ledger_totals import LEDGER_FAMILIES, ledger_name
from pktvisor.server.catalogue import shown_metrics
from pktvisor.server.endpoint import Endpoint
from pktvisor.server.openapi import PARAMETER, document
from pktvisor.server.process_metrics import PROCESS_METRICS
from pktvisor.server.routes import groups
from pktvisor.windows.arrow import column_name
from pktvisor.windows.record import record_fields

REFERENCE, EXPLANATION = Path(__file__).parent / "reference", Path(__file__).parent / "explanation"
RESULTS = Path(__file__).parents[1] / "benches" / "results"

KINDS = {"top": "top list", "last": "newest value"}
"""Names for people, where they are others."""

DECLARED_ELSEWHERE = "The policy declares its metrics and groups: see [Declare metrics](../how-to/declare-metrics.md)."

FRAMES_NOTE = (
    "Conditions and metrics can't use these. In [data frames](../how-to/data-frames.md), all columns that end in "
    "`time_ns` are timestamps in UTC. The table `xact` has one row for each answer to a question: the columns of `dns` "
    "for the answer, without `dns.packet_row`, and these."
)

TOTALS_NOTE = (
    "Names in Prometheus are those of the last window's values. Every counter has a count since the start, too: "
    "`dns_wire_packets_udp` as `pktvisor_dns_wire_packets_udp_total` ([Totals](prometheus.md#totals))."
)

PROCESS_BEGIN, PROCESS_END = "<!-- process: written by docs/generate.py -->", "<!-- end of process -->"
LEDGER_BEGIN, LEDGER_END = "<!-- ledger: written by docs/generate.py -->", "<!-- end of ledger -->"

FIELDS_BEGIN, FIELDS_END = "<!-- fields: written by docs/generate.py -->", "<!-- end of fields -->"
FORMS = {
    "text": "text",
    "texts": "list of texts",
    "labels": "map of text to text",
    "counts": "map of text to uint64",
    "number": "uint64",
    "fraction": "float64",
    "time": "timestamp in nanoseconds, UTC",
    "flag": "boolean",
    "bytes": "binary",
}
"""Arrow's types, for people."""

NOTE = "<!-- Written by docs/generate.py; change the declarations, not this page. -->"
FIGURES_BEGIN, FIGURES_END = "<!-- figures: written by docs/generate.py -->", "<!-- end of figures -->"
HUB_FIGURES = {
    "hub agents": "Agents whose minute one core takes in and merges in a minute",
    "hub memory": "Peak memory at that",
    "hub agents, sealed": "The same, with its share of sealing the hour",
    "hub memory, sealing": "Peak memory at that",
    "hub delivery": "An agent's minute on the wire",
    "hub merged window": "A merged window on disk",
    "hub top list of a day by tag": "A top list over 24 hours, by tag",
    "hub top list of a year by tag": "A top list over a year, by tag",
    "hub union": "Global cardinalities against the truth",
    "hub items outside their bounds": "Of the 100 heaviest items those that are not within their bounds",
    "hub heaviest items shown": "Of the 100 truly heaviest items those that are shown",
    "hub items with agents miscounted": "Of the 100 heaviest items those whose number of agents is wrong",
}
AGENT_FIGURES = {
    "mix": "A packet of usual traffic",
    "attack": "A packet of a flood of random names and sources",
    "mix with GeoIP": "Usual traffic with databases of places and networks",
    "mix memory": "Peak memory of the reader, usual traffic",
    "attack memory": "Peak memory of the reader, flood",
    "daemon at rest": "Memory of an agent at rest",
    "daemon at rest CPU": "CPU of an agent at rest",
    "60 kpps CPU": "CPU of an agent, 60,000 packets a second",
    "60 kpps memory": "Memory of it",
    "200 kpps CPU": "CPU of an agent, 200,000 packets a second",
    "200 kpps memory": "Memory of it",
    "200 kpps lost": "Packets that it lost",
    "200 policies CPU": "CPU of an agent with 200 policies",
    "200 policies memory": "Memory of it",
    "scrape of 20 policies": "A scrape of 20 policies",
    "netflow9": "Records of NetFlow 9 that one core takes",
    "ipfix": "Records of IPFIX",
    "sflow": "Samples of sFlow",
    "messages": "Messages of dnstap",
    "netflow9 memory": "Peak memory, 20 exporters of 48 interfaces",
    "exporters memory": "Peak memory, 480,000 busy groups",
    "waiting memory": "Peak memory, 100,000 questions and 300,000 connections that wait",
}
TOOL_FIGURES = {
    "mix, pktvisor-reader": "pktvisor-reader, usual traffic",
    "mix, tcpdump -w": "tcpdump -w, usual traffic",
    "mix, tshark": "tshark, usual traffic",
    "mix, tcpdump": "tcpdump, usual traffic",
    "mix, dpkt": "dpkt (Python), usual traffic",
    "attack, pktvisor-reader": "pktvisor-reader, flood of random names",
    "attack, tcpdump -w": "tcpdump -w, flood of random names",
    "attack, tshark": "tshark, flood of random names",
    "attack, tcpdump": "tcpdump, flood of random names",
    "attack, dpkt": "dpkt (Python), flood of random names",
    "live flow, 10 records, lost": "pktvisord, more flow records than one core takes",
    "live flow, 10 records, nfcapd, lost": "nfcapd, the same records",
}
FIGURES = {"hub-size.md": HUB_FIGURES, "agent-size.md": AGENT_FIGURES, "comparison.md": TOOL_FIGURES}
"""What benches measure, for people, by the page that shows it."""
OPTIONS_BEGIN = "<!-- The table of options is written by docs/generate.py. -->"
OPTIONS_END = "<!-- Here it ends. -->"


def metrics_page() -> str:
    """Every handler with its options, groups and metrics."""
    sections = [
        "# Metrics",
        NOTE,
        TOTALS_NOTE,
        *(_handler_section(declared) for _, declared in sorted(handlers().items())),
    ]
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
    for metric in shown_metrics(handler):
        shown = f"`{metric.prometheus}`" + (f" {{{', '.join(metric.labels)}}}" if metric.labels else "")
        kind = KINDS.get(metric.kind, metric.kind)
        yield f"| {metric.path} | {shown} | {kind} | {', '.join(metric.groups) or '-'} | {metric.help} |"


def columns_page() -> str:
    """Every column of every table."""
    lines = ["# Columns", "", NOTE, ""]
    table = ""
    for column in schema().values():
        if column.table != table:
            table = column.table
            lines += ["", f"## {table}", "", "| Column | Type | Unit | Meaning |", "|---|---|---|---|"]
        lines.append(f"| `{column.name}` | {column.type} | {column.unit or '-'} | {column.meaning} |")
    return "\n".join([*lines, *_frame_sections()]) + "\n"


def _frame_sections() -> Iterator[str]:
    """What data frames have beside: times are timestamps there, and some columns are made for them only."""
    yield from ("", "## Only in data frames", "", FRAMES_NOTE)
    seen = {column.name for column in schema().values() if column.table == "dns"}
    for table in ("dns", "xact"):
        yield from ("", f"### {table}", "", "| Column | Type | Unit | Meaning |", "|---|---|---|---|")
        for name, kind, unit, meaning in _core.frame_columns(table):
            if name not in seen:
                seen.add(name)
                yield f"| `{name}` | {kind} | {unit or '-'} | {meaning} |"


PROTOCOLS_INTRODUCTION = """\
The application protocols whose messages are read: each has a table of [columns](columns.md). A message is known by the
ports of its packet, looked for at either end, and read where a policy wants it. Where a protocol has an option, taps,
modules and commands may name others: see [Configuration](configuration.md#dns_ports-dns-on-other-ports)."""

MALFORMED_INTRODUCTION = """\
Why a packet or message is counted as malformed: entries of the ledger of an input (`GET /api/v1/policies/{id}`). A
packet is counted under the first reason met; what could be read of it counts all the same."""


def protocols_page() -> str:
    """Every application protocol, and why packets are malformed."""
    reasons = _core.malformed_reasons()
    sections = ["# Protocols", NOTE, PROTOCOLS_INTRODUCTION]
    for protocol in _core.usual_ports():
        rows = [row for row in reasons if row[0].startswith(f"{protocol}.")]
        sections.append("\n".join([f"## {protocol}", "", *_port_lines(protocol), "", *_reason_table(rows)]))
    below = [row for row in reasons if row[0].partition(".")[0] not in _core.usual_ports()]
    sections.append("\n".join(["## Below and beside them", "", MALFORMED_INTRODUCTION, "", *_reason_table(below)]))
    return "\n\n".join(sections) + "\n"


def _port_lines(protocol: str) -> Iterator[str]:
    """How a protocol is known."""
    yield f"- Ports: {', '.join(map(str, _core.usual_ports()[protocol]))}"
    if option := port_options().get(protocol):
        by_content = (
            f"; `{ANY}` among them for all others, where it is known by its content" if option.may_be_any else ""
        )
        yield f"- Option: `{option.key}`{by_content}"


def _reason_table(reasons: Sequence[tuple[str, str]]) -> list[str]:
    return ["| Malformed | |", "|---|---|", *(f"| `{name}` | {meaning} |" for name, meaning in reasons)]


REST_INTRODUCTION = """\
The same as an OpenAPI 3.1 document: [openapi.json](openapi.json), served at `/api/v1/openapi.json`.

- Routes of scope *admin* change the agent or show packets. Without the admin API they don't exist. Those of scope
  *send* take what agents send; those without a scope need no token.
  Only a [hub](../how-to/run-a-hub.md) has the routes below *Hub*.
- An unknown path, a method that a path does not have, and an invalid name or number give a 404 without a body.
- JSON is `text/json`, or `application/json` for clients that name it in `Accept`; keys are sorted. Errors are
  `{"error": "a sentence"}`; on Prometheus routes just the sentence. For mistakes in a configuration, `error` holds the
  sentence; if known, `path` and `place` (line and column) say where the mistake is, and `hint` how to correct it. A
  selector that matches no tap gives only `error`.
- Buckets and windows are [window records](window-record.md) (an Arrow IPC stream) for clients that name
  `application/vnd.apache.arrow.stream` in `Accept`; errors are JSON even then.
- Bodies are YAML or JSON of at most 1 MiB, sent with exactly `Content-Type: application/x-yaml` or `application/json`.
- A POST needs a `Content-Length`, even without a body (`curl -X POST -H 'Content-Type: application/json' -d ''`);
  otherwise the answer is a 400.
- The tables list the statuses particular to each route. Any route may answer 401 (a token is needed), 403 (the token
  lacks the scope, or a page of another site asks), 421 (`Host` does not name this agent), 429 (too many requests) and
  500. Routes with parameters or a body may answer 400; routes with a body also 408 (it did not arrive in time) and 413
  (it is too large). Why: [Secure the API](../how-to/secure-the-api.md)."""


def rest_page() -> str:
    """Every route."""
    sections = ["# REST routes", NOTE, REST_INTRODUCTION]
    of_hub = {f"hub_{name}": declared for name, declared in hub_groups().items()}
    for group, declared in {**groups(), **of_hub}.items():
        rows = [row for endpoint in declared for row in _endpoint_rows(endpoint)]
        head = ["| Route | Scope | | Answers |", "|---|---|---|---|"]
        sections.append("\n".join([f"## {group.replace('_', ' ').capitalize()}", "", *head, *rows]))
    return "\n\n".join(sections) + "\n"


def _endpoint_rows(endpoint: Endpoint) -> Iterator[str]:
    path = PARAMETER.sub(r"{\1}", endpoint.path)
    own = {endpoint.status: endpoint.success, **endpoint.refusals}
    statuses = "; ".join(f"{status}: {answer.meaning}" for status, answer in sorted(own.items()))
    scope = "-" if endpoint.is_public else endpoint.scope
    yield f"| `{endpoint.method} {path}` | {scope} | {endpoint.summary} | {statuses} |"
    for query in endpoint.query:
        bounds = f", {query.least} to {query.most}" if query.kind == "number" else ""
        default = "" if query.default in (None, "") else f" (default: {str(query.default).lower()})"
        yield f"| ... `?{query.name}=` | | {query.meaning}{bounds}{default} | |"


def commands_page() -> str:
    """Every command with its options."""
    statuses = "\n".join(f"| {status} | {meaning} |" for status, meaning in sorted(STATUSES.items()))
    parsers = (daemon_parser(), reader_parser(), terminal_parser(), hub_parser(), sql_parser(), demo_parser())
    sections = ["# Commands", NOTE, *map(_command_section, parsers)]
    sections.append(f"## Exit statuses\n\n| Status | |\n|---|---|\n{statuses}")
    return "\n\n".join(sections) + "\n"


def _command_section(parser: argparse.ArgumentParser) -> str:
    rows = []
    for group in parser._action_groups:
        rows += [row for action in group._group_actions if (row := _option_row(action))]
    return "\n".join([f"## {parser.prog}", "", parser.description or "", "", "| Option | |", "|---|---|", *rows])


def _option_row(action: argparse.Action) -> str:
    """One option; the texts that argparse fills in are filled in."""
    if action.help in (None, argparse.SUPPRESS):
        return ""
    value = action.metavar if action.nargs != 0 else None
    words = " ".join(value) if isinstance(value, tuple) else value
    names = ", ".join(f"`{name} {words}`" if words else f"`{name}`" for name in action.option_strings) or f"`{words}`"
    meaning = str(action.help).replace("%(default)s", str(action.default)).replace("%%", "%").replace("|", "\\|")
    return f"| {names} | {meaning} |"


def configuration_page() -> str:
    """The hand-written page of configurations, with the table of options in it."""
    text = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(OPTIONS_BEGIN)
    _, _, after = rest.partition(OPTIONS_END)
    rows = "\n".join(_key_row(one) for one in KEYS.values())
    table = f"| Key | Type | Default | |\n|---|---|---|---|\n{rows}"
    return f"{before}{OPTIONS_BEGIN}\n\n{table}\n\n{OPTIONS_END}{after}"


def _key_row(one: Declared) -> str:
    option = one.option
    kinds = {
        TagList: "map of names to texts",
        Url: "URL",
        Flag: "flag",
        Number: "number",
        File: "path",
        Ports: "ports: a list, or a text with commas",
    }
    kind = next((name for base, name in kinds.items() if isinstance(option, base)), "text")
    default = f"`{one.default}`" if one.default not in (None, False, ()) else ""
    meaning = f"without effect: {one.help}" if option.section == FORMER else one.help
    return f"| `{one.name}` | {kind} | {default} | {meaning.replace(f' (default: {one.default})', '')} |"


def window_record_page() -> str:
    """The hand-written page of the window record, with the table of its fields in it."""
    text = (REFERENCE / "window-record.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(FIELDS_BEGIN)
    _, _, after = rest.partition(FIELDS_END)
    rows = "\n".join(
        f"| `{column_name(one)}` | {FORMS[one.form]}{', optional' if one.is_optional else ''} | {one.meaning} |"
        for one in record_fields()
    )
    return f"{before}{FIELDS_BEGIN}\n\n| Field | Type | Meaning |\n|---|---|---|\n{rows}\n\n{FIELDS_END}{after}"


def prometheus_page() -> str:
    """The hand-written page on Prometheus, with what the process and the ledger tell in it."""
    text = (REFERENCE / "prometheus.md").read_text(encoding="utf-8")
    tables = ((PROCESS_BEGIN, PROCESS_END, _process_rows()), (LEDGER_BEGIN, LEDGER_END, _ledger_rows()))
    for begin, end, rows in tables:
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        head = "| Name | Type | Labels | Meaning |\n|---|---|---|---|"
        text = "\n".join([f"{before}{begin}\n\n{head}", *rows, f"\n{end}{after}"])
    return text


def _process_rows() -> Iterator[str]:
    for name, declared in PROCESS_METRICS.items():
        labels = ", ".join(f"`{label}`" for label in declared.labels)
        yield f"| `{name}` | {declared.type} | {labels or '-'} | {declared.help} |"


def _ledger_rows() -> Iterator[str]:
    for family in LEDGER_FAMILIES:
        reasons = [reason for reason in family.entries.values() if reason]
        told = "those of [Protocols](protocols.md)" if family.name == "malformed" else ", ".join(reasons)
        yield f"| `{ledger_name(family)}` | counter | {f'`reason`: {told}' if reasons else '-'} | {family.help} |"


def figures_page(name: str) -> str:
    """A hand-written page that tells what was measured, with the newest figures in it."""
    text = (EXPLANATION / name).read_text(encoding="utf-8")
    before, _, rest = text.partition(FIGURES_BEGIN)
    _, _, after = rest.partition(FIGURES_END)
    found = [(what, newest) for key, what in FIGURES[name].items() if (newest := _newest(key))]
    rows = "\n".join(_figure_row(what, *newest) for what, newest in found)
    table = f"| | Measured | Of | On |\n|---|---|---|---|\n{rows}"
    return f"{before}{FIGURES_BEGIN}\n\n{table}\n\n{FIGURES_END}{after}"


def _newest(name: str) -> tuple[str, dict[str, Any]] | None:
    """The newest figure of a name that was kept, with its day."""
    for path in sorted(RESULTS.glob("*.json"), reverse=True):
        figures = json.loads(path.read_text(encoding="utf-8"))["figures"]
        if name in figures:
            return path.stem, figures[name]
    return None


def _figure_row(what: str, day: str, figure: Mapping[str, Any]) -> str:
    value = figure["value"]
    number = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"| {what} | {number} {figure['unit']} | {figure.get('note', '')} | {day} |"


def openapi_page() -> str:
    """The OpenAPI document, with the admin API."""
    return json.dumps(document(with_admin=True, version=_core.__version__), indent=1, ensure_ascii=False) + "\n"


def pages() -> dict[Path, str]:
    """The pages with their texts."""
    return {
        **{EXPLANATION / name: figures_page(name) for name in FIGURES},
        REFERENCE / "metrics.md": metrics_page(),
        REFERENCE / "columns.md": columns_page(),
        REFERENCE / "protocols.md": protocols_page(),
        REFERENCE / "rest.md": rest_page(),
        REFERENCE / "openapi.json": openapi_page(),
        REFERENCE / "commands.md": commands_page(),
        REFERENCE / "configuration.md": configuration_page(),
        REFERENCE / "window-record.md": window_record_page(),
        REFERENCE / "prometheus.md": prometheus_page(),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
