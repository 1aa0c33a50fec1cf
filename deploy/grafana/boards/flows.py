"""Flow records: what routers and switches report, by device and interface."""

from __future__ import annotations

from grafana_foundation_sdk.models.units import BitsPerSecondSI, BytesSI, PacketsPerSecond, RequestsPerSecond, Short

from boards.board import Board, Row, agent_choices, choice
from boards.metrics import FLOW
from boards.panels import Limits, Line, graph, number, ranking
from boards.queries import AGENTS, bits, greatest, in_window

FLOWS = FLOW["records_flows"]
DEVICES = f'{AGENTS},device=~"$device"'
INTERFACES = f'{DEVICES},device_interface=~"$interface"'
PROTOCOLS = (("TCP", "tcp"), ("UDP", "udp"), ("other", "other_l4"))
SIDES = ("in", "out")

NOW = Row(
    "Now",
    (
        number("Records", "Flow records per second.", RequestsPerSecond, in_window(FLOWS, DEVICES), width=6),
        number(
            "In",
            "Bits per second that came in at interfaces.",
            BitsPerSecondSI,
            bits(FLOW["in_bytes"], INTERFACES),
            width=6,
        ),
        number(
            "Out",
            "Bits per second that went out at interfaces.",
            BitsPerSecondSI,
            bits(FLOW["out_bytes"], INTERFACES),
            width=6,
        ),
        number(
            "Lost records",
            "Records per second that devices sent and never came, by their sequence numbers.",
            RequestsPerSecond,
            in_window(FLOW["records_lost"], DEVICES),
            limits=Limits(warn=0.001, bad=1),
            width=6,
        ),
    ),
)

DEVICE = Row(
    "Devices and interfaces",
    (
        graph(
            "Records by device",
            "Flow records per second. A device that falls silent has stopped exporting, or can't be reached.",
            RequestsPerSecond,
            [Line("{{device}}", in_window(FLOWS, DEVICES, "device"))],
            width=8,
        ),
        *(
            graph(
                f"Volume {side} by interface",
                f"Bits per second that flow records count {side}, the ten busiest interfaces.",
                BitsPerSecondSI,
                [
                    Line(
                        "{{device_interface}}",
                        f"topk(10, {bits(FLOW[f'{side}_bytes'], INTERFACES, 'device_interface')})",
                    )
                ],
                width=8,
            )
            for side in SIDES
        ),
    ),
)

PROTOCOL = Row(
    "Protocols",
    (
        *(
            graph(
                f"Volume {side} by protocol",
                f"Bits per second {side}, by transport protocol.",
                BitsPerSecondSI,
                [Line(word, bits(FLOW[f"{side}_{name}_bytes"], INTERFACES)) for word, name in PROTOCOLS],
                width=8,
                is_stacked=True,
            )
            for side in SIDES
        ),
        graph(
            "Packets",
            "Packets per second that flow records count.",
            PacketsPerSecond,
            [Line(side, in_window(FLOW[f"{side}_packets"], INTERFACES)) for side in SIDES],
            width=8,
        ),
    ),
)

WHO = Row(
    "Who",
    tuple(
        ranking(FLOW[f"top_{side}_{end}_{what}_bytes"], INTERFACES, unit=BytesSI, width=6)
        for side in SIDES
        for end in ("src", "dst")
        for what in ("ips", "ports")
    ),
)

SPREAD = Row(
    "Spread",
    (
        graph(
            "Different addresses",
            "Different addresses in a window, of the interface with most. Many sources: a flood; many destinations: "
            "a scan.",
            Short,
            [
                Line("sources in", greatest(FLOW["cardinality.src_ips_in"], INTERFACES)),
                Line("destinations out", greatest(FLOW["cardinality.dst_ips_out"], INTERFACES)),
            ],
        ),
        graph(
            "Different ports",
            "Different ports in a window, of the interface with most. Many destination ports: a port scan.",
            Short,
            [
                Line("sources in", greatest(FLOW["cardinality.src_ports_in"], INTERFACES)),
                Line("destinations out", greatest(FLOW["cardinality.dst_ports_out"], INTERFACES)),
            ],
        ),
    ),
)

BOARD = Board(
    name="flows",
    title="Flow records",
    description="NetFlow, IPFIX and sFlow as devices report them, in the newest complete minute. Needs the handler "
    "flow (version 1.0).",
    variables=(
        *agent_choices(FLOWS.prometheus),
        choice("device", "Device", f"label_values({FLOWS.prometheus}{{{AGENTS}}}, device)", takes_several=True),
        choice(
            "interface",
            "Interface",
            f"label_values({FLOW['in_bytes'].prometheus}{{{DEVICES}}}, device_interface)",
            takes_several=True,
        ),
    ),
    rows=(NOW, DEVICE, PROTOCOL, WHO, SPREAD),
)
