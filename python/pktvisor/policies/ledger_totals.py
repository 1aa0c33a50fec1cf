"""The loss ledger of an input as metrics: which of its entries stands where, said once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pktvisor import _core
from pktvisor.metrics.snapshot import Sample, Total


class LedgerFamily(NamedTuple):
    """A family of metrics over entries of the ledger."""

    name: str
    help: str
    entries: Mapping[str, str]
    """Its entries, each with its value of the label `reason`; that is empty where the family has no such label."""
    is_shown_at_zero: bool = True
    """Whether series are there before anything was counted."""


def _prefixed(prefix: str, names: tuple[str, ...]) -> dict[str, str]:
    return {f"{prefix}{name}": name for name in names}


LEDGER_FAMILIES = (
    LedgerFamily("seen", "Packets that the kernel, or a file, had for the input", {"seen": ""}),
    LedgerFamily("decoded", "Packets of the input that were decoded", {"decoded": ""}),
    LedgerFamily("filtered", "Packets that the input's filter turned away", {"filtered": ""}),
    LedgerFamily(
        "dropped",
        "Packets that were lost, by who lost them: the kernel, the agent or the interface",
        {"dropped_by_kernel": "kernel", "dropped_by_us": "agent", "dropped_by_interface": "interface"},
    ),
    LedgerFamily(
        "malformed",
        "Packets and messages that could not be read, by why",
        {name: name for name, _ in _core.malformed_reasons()},
        is_shown_at_zero=False,
    ),
    LedgerFamily("direction_unknown", "Packets of which neither end is a host of ours", {"direction_unknown": ""}),
    LedgerFamily(
        "evicted",
        "What bounds made the agent give up of what it knew of packets, by what it was",
        _prefixed(
            "evicted.",
            (
                "fragments",
                "tcp_streams",
                "tcp_segments",
                "transactions",
                "exporters",
                "groups",
                "group_lists",
                "clients",
                "probed_flows",
                "templates",
                "flow_sets",
            ),
        ),
    ),
    LedgerFamily("time_steps", "Time stamps that jumped", {"time.steps": ""}),
    LedgerFamily(
        "flow_lost",
        "What exporters sent and never came, by their sequence numbers: records or datagrams",
        _prefixed("flow.", ("records_lost", "datagrams_lost")),
        is_shown_at_zero=False,
    ),
    LedgerFamily(
        "probes",
        "Probes of targets, by what became of them",
        _prefixed("probes.", ("sent", "answered", "unanswered", "late", "failed", "not_sent")),
        is_shown_at_zero=False,
    ),
)


def ledger_name(family: LedgerFamily) -> str:
    """Give the name of a family in Prometheus."""
    return f"pktvisor_input_{family.name}_total"


def ledger_samples(ledger: Mapping[str, int]) -> Iterator[Sample]:
    """Give the entries of a ledger as totals."""
    for family in LEDGER_FAMILIES:
        name = ledger_name(family)
        for entry, reason in family.entries.items():
            count = ledger.get(entry, 0)
            if count or family.is_shown_at_zero:
                labels = (("reason", reason),) if reason else ()
                yield Sample("counter", (family.name, reason), name, family.help, Total(count), labels)
