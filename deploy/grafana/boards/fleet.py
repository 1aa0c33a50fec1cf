"""Many agents: each beside the others, as Prometheus scrapes them, and all as one, as the hub merges them."""

from __future__ import annotations

from grafana_foundation_sdk.models.units import Microseconds, PacketsPerSecond, PercentUnit, RequestsPerSecond, Short

from boards.board import Board, Row, agent_choices, choice
from boards.metrics import DNS, NET
from boards.panels import Limits, Line, graph, number, ranking
from boards.queries import AGENTS, HUB, PROCESSES, gauge, in_window, ledger, newest, rate, share

AGENT = "{{instance}}"
TOTAL, QUERIES, REPLIES = NET["total"], DNS["wire_packets.queries"], DNS["wire_packets.replies"]
SLOWEST = f'max by (instance) ({DNS["xact.out.quantiles_us"].prometheus}{{{AGENTS},quantile="0.95"}})'


def _ten(query: str) -> list[Line]:
    """The ten agents of which a query gives most."""
    return [Line(AGENT, f"topk(10, {query})")]


NOW = Row(
    "Now",
    (
        number("Agents", "Agents that answer Prometheus.", Short, f"count(up{{{PROCESSES}}} == 1)"),
        number(
            "Silent",
            "Agents that Prometheus asks and that don't answer.",
            Short,
            f"count(up{{{PROCESSES}}} == 0) or vector(0)",
            limits=Limits(warn=1, bad=2),
        ),
        number("Packets", "Packets per second of all agents.", PacketsPerSecond, rate(TOTAL)),
        number("Queries", "DNS queries per second of all agents.", RequestsPerSecond, rate(QUERIES)),
        number(
            "Lost packets",
            "Packets per second that agents did not get to see.",
            PacketsPerSecond,
            ledger("dropped"),
            limits=Limits(warn=0.01, bad=100),
        ),
        number(
            "Windows that wait",
            "Windows that agents have not handed to the hub yet.",
            Short,
            gauge("pktvisor_exports", f'{PROCESSES},of="queued",to="hub"'),
            limits=Limits(warn=20, bad=200),
        ),
    ),
)

EACH = Row(
    "Agent by agent: the ten with most",
    (
        graph("Packets", "Packets per second of each agent.", PacketsPerSecond, _ten(rate(TOTAL, by="instance"))),
        graph(
            "DNS queries", "Queries per second of each agent.", RequestsPerSecond, _ten(rate(QUERIES, by="instance"))
        ),
        graph(
            "NXDOMAIN",
            "Share of replies that say that there is no such name. One agent above the others: look there.",
            PercentUnit,
            _ten(share(DNS["wire_packets.nxdomain"], REPLIES, by="instance")),
        ),
        graph(
            "Answer times",
            "95 of 100 answers to hosts of ours came within this time.",
            Microseconds,
            _ten(SLOWEST),
        ),
    ),
)

WHOLE = Row(
    "All agents as one, by the hub",
    (
        graph(
            "Packets and queries",
            "Per second, in the hub's newest complete minute. It lies two to three minutes back.",
            Short,
            [
                Line("packets", in_window(TOTAL, HUB)),
                Line("DNS queries", in_window(QUERIES, HUB)),
            ],
        ),
        graph(
            "Different names and addresses",
            "Of all agents together: what several saw counts once.",
            Short,
            [
                Line("names", newest(DNS["cardinality.qname"], HUB)),
                Line("sources in", newest(NET["cardinality.src_ips_in"], HUB)),
                Line("destinations out", newest(NET["cardinality.dst_ips_out"], HUB)),
            ],
        ),
        ranking(DNS["top_qname2"], HUB),
        ranking(DNS["top_nxdomain"], HUB),
        ranking(NET["top_ipv4"], HUB),
    ),
)

BOARD = Board(
    name="fleet",
    title="Fleet",
    description="Many agents beside one another, as Prometheus scrapes them, and all as one, as a hub merges them.",
    variables=(
        *agent_choices("pktvisor_packets_total"),
        choice("hub", "Hub", 'label_values(pktvisor_memory_held_bytes{of="minutes"}, job)'),
    ),
    rows=(NOW, EACH, WHOLE),
)
