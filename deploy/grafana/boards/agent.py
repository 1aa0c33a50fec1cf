"""Agents as processes: are they there, what do they take, and does what they measure reach somebody."""

from __future__ import annotations

from grafana_foundation_sdk.models.units import BytesIEC, DurationSeconds, PacketsPerSecond, PercentUnit, Short

from boards.board import Board, Row, process_choices
from boards.panels import Field, Limits, Line, graph, number, sheet
from boards.queries import PROCESSES, RANGE, gauge, ledger, per_second

BUILD = "pktvisor_build_info"
CPU = f"rate(process_cpu_seconds_total{{{PROCESSES}}}[{RANGE}])"
AGENT = "{{instance}}"

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
        number(
            "Youngest",
            "How long the agent that started last has run. It starts over: look for a crash, or an upgrade.",
            DurationSeconds,
            f"min(pktvisor_uptime_seconds{{{PROCESSES}}})",
        ),
        number(
            "Busiest",
            "Processor time of the busiest agent; 100 % is one core.",
            PercentUnit,
            f"max({CPU})",
            limits=Limits(warn=0.8, bad=0.95),
        ),
        number(
            "Largest",
            "Memory of the largest agent, as the system counts it.",
            BytesIEC,
            f"max(process_resident_memory_bytes{{{PROCESSES}}})",
        ),
        number(
            "File descriptors",
            "Share of the file descriptors that an agent may have, of the one that has most of them open.",
            PercentUnit,
            f"max(process_open_fds{{{PROCESSES}}} / process_max_fds{{{PROCESSES}}})",
            limits=Limits(warn=0.7, bad=0.9),
        ),
    ),
)

AGENTS = Row(
    "Agents",
    (
        sheet(
            "Agents",
            "What each agent is and does now.",
            (
                Field("Build", Short, f"sum by (instance, version) ({BUILD}{{{PROCESSES}}})"),
                Field("Uptime", DurationSeconds, gauge("pktvisor_uptime_seconds", by="instance")),
                Field("Packets", PacketsPerSecond, ledger("seen", by="instance")),
                Field("Lost", PacketsPerSecond, ledger("dropped", by="instance")),
                Field("Processor", PercentUnit, f"sum by (instance) ({CPU})"),
                Field("Memory", BytesIEC, gauge("process_resident_memory_bytes", by="instance")),
            ),
        ),
    ),
)

COSTS = Row(
    "What they take",
    (
        graph(
            "Processor time",
            "Of each agent; 100 % is one core.",
            PercentUnit,
            [Line(AGENT, f"sum by (instance) ({CPU})")],
            width=8,
        ),
        graph(
            "Memory",
            "Of each agent, as the system counts it.",
            BytesIEC,
            [Line(AGENT, gauge("process_resident_memory_bytes", by="instance"))],
            width=8,
        ),
        graph(
            "Memory by use",
            "What all agents hold for packets and windows, by what they hold it for. --memory-mb bounds it.",
            BytesIEC,
            [Line("{{of}}", gauge("pktvisor_memory_held_bytes", by="of"))],
            width=8,
            is_stacked=True,
        ),
    ),
)

WORK = Row(
    "What comes in, and goes out",
    (
        graph(
            "Packets by tap",
            "Packets per second that each tap saw.",
            PacketsPerSecond,
            [Line("{{instance}} {{tap}}", ledger("seen", by="instance, tap"))],
            width=8,
        ),
        graph(
            "Windows that wait",
            "Windows that are not sent yet, by receiver. Rising: the receiver is down, or too slow.",
            Short,
            [Line("{{instance}} to {{to}}", gauge("pktvisor_exports", f'{PROCESSES},of="queued"', "instance, to"))],
            width=8,
        ),
        graph(
            "Requests",
            "Requests per second to the API of each agent.",
            Short,
            [
                Line(
                    AGENT,
                    per_second("pktvisor_server_events_total", f'{PROCESSES},of="requests"', "instance"),
                )
            ],
            width=8,
        ),
    ),
)

BOARD = Board(
    name="agent",
    title="Agents",
    description="Whether agents are there, what they take of processor and memory, and whether what they measure "
    "reaches its receivers.",
    variables=process_choices("pktvisor_input_seen_total"),
    rows=(NOW, AGENTS, COSTS, WORK),
)
