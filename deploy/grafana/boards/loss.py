"""Where something may be missing: between the wire and a dashboard, from station to station."""

from __future__ import annotations

from grafana_foundation_sdk.models.units import PercentUnit, Seconds, Short

from boards.board import Board, Row, agent_choices
from boards.metrics import DHCP, DNS, NET
from boards.panels import Limits, Line, Panel, graph, number
from boards.queries import AGENTS, PROCESSES, ledger, per_second, share
from pktvisor.policies.ledger_totals import LEDGER_FAMILIES, LedgerFamily

FAMILIES = {family.name: family for family in LEDGER_FAMILIES}
SEEN, DROPPED = ledger("seen", AGENTS), ledger("dropped", AGENTS)
LOST_EXPORTS = "refused|rejected|dropped|damaged|missed"
DEEP = {
    "net": (NET, "deep_samples", "events"),
    **{
        name: (declared, "wire_packets.deep_samples", "wire_packets.events")
        for name, declared in (("dns", DNS), ("dhcp", DHCP))
    },
}


def _ledger(family: LedgerFamily, width: int) -> Panel:
    """How fast the entries of a family grow, each by itself where there are several."""
    has_reasons = any(family.entries.values())
    query = ledger(family.name, AGENTS, "reason" if has_reasons else "")
    return graph(
        family.name.replace("_", " ").capitalize(),
        f"{family.help}; per second.",
        Short,
        [Line("{{reason}}" if has_reasons else family.name.replace("_", " "), query)],
        width=width,
    )


NOW = Row(
    "Now",
    (
        number(
            "Lost packets",
            "Share of packets that came and that the kernel, the agent or the interface dropped.",
            PercentUnit,
            f"{DROPPED} / ({SEEN} + {DROPPED} > 0)",
            limits=Limits(warn=0.0001, bad=0.01),
            width=6,
        ),
        number(
            "Given up",
            "What agents gave up of what they knew, because a bound was reached, per second.",
            Short,
            ledger("evicted", AGENTS),
            limits=Limits(warn=1, bad=100),
            width=6,
        ),
        number(
            "Windows lost",
            "Windows that never reached their receiver, since the agents' start.",
            Short,
            f'sum(pktvisor_exports{{{PROCESSES},of=~"{LOST_EXPORTS}"}})',
            limits=Limits(warn=1, bad=10),
            width=6,
        ),
        number(
            "Failed scrapes",
            "Share of Prometheus' questions in the last hour that were not answered.",
            PercentUnit,
            f"1 - avg(avg_over_time(up{{{PROCESSES}}}[1h]))",
            limits=Limits(warn=0.01, bad=0.1),
            width=6,
        ),
    ),
)

PACKETS = Row(
    "From the wire to the agent", tuple(_ledger(FAMILIES[name], 8) for name in ("seen", "dropped", "filtered"))
)
READING = Row(
    "Reading packets",
    tuple(_ledger(FAMILIES[name], 8) for name in ("malformed", "direction_unknown", "flow_lost")),
)
BOUNDS = Row(
    "Bounds of the agent",
    (
        *(_ledger(FAMILIES[name], 8) for name in ("evicted", "time_steps")),
        graph(
            "Memory",
            "What gave way to --memory-mb since the start, by what it was.",
            Short,
            [Line("{{of}}", f"sum by (of) (pktvisor_memory_gave_way{{{PROCESSES}}})")],
            width=8,
        ),
        graph(
            "Deep inspection",
            "Share of packets that were inspected deeply. Below 100 %, --max-deep-sample is at work.",
            PercentUnit,
            [Line(name, share(of[part], of[whole])) for name, (of, part, whole) in DEEP.items()],
            width=12,
        ),
        graph(
            "Requests that were turned away",
            "Per second, by why.",
            Short,
            [
                Line(
                    "{{of}}",
                    per_second("pktvisor_server_events_total", f'{PROCESSES},of!~"connections|requests"', "of"),
                )
            ],
            width=12,
        ),
    ),
)
AFTER = Row(
    "From the agent to its receivers",
    (
        graph(
            "Windows that were lost",
            "Windows that never reached their receiver, since the start, by receiver and why.",
            Short,
            [Line("{{to}} {{of}}", f'sum by (to, of) (pktvisor_exports{{{PROCESSES},of=~"{LOST_EXPORTS}"}})')],
            width=8,
        ),
        graph(
            "Windows that wait",
            "Windows that are not sent yet. At its bound (--hub-spool-mb) the oldest go.",
            Short,
            [Line("{{to}}", f'sum by (to) (pktvisor_exports{{{PROCESSES},of="queued"}})')],
            width=8,
        ),
        graph(
            "Scrapes",
            "How long agents take to answer Prometheus. Near its timeout, windows are missed.",
            Seconds,
            [Line("{{instance}}", f"max by (instance) (scrape_duration_seconds{{{PROCESSES}}})")],
            width=8,
        ),
    ),
)

BOARD = Board(
    name="loss",
    title="Loss",
    description="Where something may be missing, from the wire to this dashboard, station by station. All of it should "
    "be near zero.",
    variables=agent_choices("pktvisor_input_seen_total"),
    rows=(NOW, PACKETS, READING, BOUNDS, AFTER),
)
