"""DNS: how much is asked, what is answered, how fast, and who asks for what."""

from __future__ import annotations

from grafana_foundation_sdk.models.units import Microseconds, PercentUnit, RequestsPerSecond, Short

from boards.board import Board, Row, agent_choices
from boards.metrics import DNS
from boards.panels import Limits, Line, graph, number, ranking
from boards.queries import counter, greatest, quantile, rate, share

TOTAL, REPLIES = DNS["wire_packets.total"], DNS["wire_packets.replies"]
RANKS = (("p50", "0.5"), ("p95", "0.95"), ("p99", "0.99"))
SIDES = (("in", "a host of ours is the server"), ("out", "a host of ours is the client"))
SLOW = Limits(warn=50_000, bad=200_000)
RCODES = ("noerror", "nxdomain", "srvfail", "refused", "nodata")

NOW = Row(
    "Now",
    (
        number("Queries", "Queries per second.", RequestsPerSecond, rate(DNS["wire_packets.queries"])),
        number("Replies", "Replies per second.", RequestsPerSecond, rate(REPLIES)),
        number(
            "NXDOMAIN",
            "Share of replies that say that there is no such name. A flood of random names drives it up.",
            PercentUnit,
            share(DNS["wire_packets.nxdomain"], REPLIES),
            limits=Limits(warn=0.3, bad=0.6),
        ),
        number(
            "SERVFAIL",
            "Share of replies that say that the server failed.",
            PercentUnit,
            share(DNS["wire_packets.srvfail"], REPLIES),
            limits=Limits(warn=0.02, bad=0.1),
        ),
        number(
            "Unanswered",
            "Queries without an answer in time, as a share of all that were answered or not.",
            PercentUnit,
            f"{rate(DNS['xact.counts.timed_out'])} / "
            f"({rate(DNS['xact.counts.timed_out'])} + {rate(DNS['xact.counts.total'])} > 0)",
            limits=Limits(warn=0.02, bad=0.1),
        ),
        number(
            "Slow answers to us",
            "95 of 100 answers to hosts of ours came within this time; of the slowest agent.",
            Microseconds,
            quantile(DNS["xact.out.quantiles_us"], "0.95"),
            limits=SLOW,
        ),
    ),
)

TRAFFIC = Row(
    "Traffic",
    (
        graph(
            "Queries and replies",
            "Messages per second. Queries far above replies: somebody isn't answered, or only one direction is seen.",
            RequestsPerSecond,
            [Line(word, rate(DNS[f"wire_packets.{word}"])) for word in ("queries", "replies")],
        ),
        graph(
            "Replies by result",
            "Replies per second by result code; nodata is NOERROR without an answer.",
            RequestsPerSecond,
            [Line(word, rate(DNS[f"wire_packets.{word}"])) for word in RCODES],
        ),
        graph(
            "Transport",
            "Messages per second. Much TCP: answers too long for UDP, or zone transfers.",
            RequestsPerSecond,
            [Line(word, rate(DNS[f"wire_packets.{word}"])) for word in ("udp", "tcp", "ipv4", "ipv6")],
        ),
        graph(
            "Different names",
            "Different names in a window, and NXDOMAIN replies per second. Both rising: an attack with random names.",
            Short,
            [
                Line("different names", greatest(DNS["cardinality.qname"])),
                Line("NXDOMAIN/s", rate(DNS["wire_packets.nxdomain"])),
            ],
        ),
    ),
)

TIMES = Row(
    "Answer times",
    (
        *(
            graph(
                f"Answer times, {side}",
                f"Time from query to reply when {meaning}, of the slowest agent.",
                Microseconds,
                [Line(legend, quantile(DNS[f"xact.{side}.quantiles_us"], rank)) for legend, rank in RANKS],
                width=8,
            )
            for side, meaning in SIDES
        ),
        graph(
            "Transactions",
            "Queries with their replies per second, by which side is ours, and queries that timed out.",
            RequestsPerSecond,
            [
                Line("we answer", rate(DNS["xact.in.total"])),
                Line("we ask", rate(DNS["xact.out.total"])),
                Line("timed out", rate(DNS["xact.counts.timed_out"])),
            ],
            width=8,
        ),
        *(ranking(DNS[f"xact.{side}.top_slow"], width=12) for side, _ in SIDES),
    ),
)

NAMES = Row("Names", tuple(ranking(DNS[name], width=12) for name in ("top_qname2", "top_qname3")))
FAILING = Row(
    "Names that fail",
    tuple(ranking(DNS[name], width=6) for name in ("top_nxdomain", "top_srvfail", "top_refused", "top_nodata")),
)
KINDS = Row(
    "Types, results and ports", tuple(ranking(DNS[name]) for name in ("top_qtype", "top_rcode", "top_udp_ports"))
)

BOARD = Board(
    name="dns",
    title="DNS",
    description="How much is asked, what is answered, how fast, and which names. Needs the handler dns (version 1.0), "
    "which agents run by default.",
    variables=agent_choices(counter(TOTAL)),
    rows=(NOW, TRAFFIC, TIMES, NAMES, FAILING, KINDS),
)
