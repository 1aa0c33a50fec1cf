"""The golden probes: targets of each kind on the loopback interface, and what a policy counts of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from pktvisor.outputs.json import policy_document
from support.live import eventually
from support.probing import NOT_FOUND, Probing, closed_port, deaf_port, listener, probing

FOLDER = Path(__file__).parents[1] / "golden" / "netprobe"


@dataclass(frozen=True)
class ProbeAnswers:
    """What the policy gives once each target was tested."""

    json: dict[str, Any]
    prometheus: str


def probe_answers() -> ProbeAnswers:
    document = yaml.safe_load((FOLDER / "probes.yaml").read_text())
    groups = document["handler"]["metric_groups"]
    with (
        _targets(document["targets"]) as targets,
        probing(document["input"]["test_type"], targets, config=document["input"], **groups) as running,
    ):
        eventually(lambda: _is_over(running, len(targets)))
        running.source.stop()
        told: Any = policy_document(running.policy.bucket(0, time.time_ns()))
        return ProbeAnswers(
            {name: _without_period(module) for name, module in told.items()}, _in_order(running.prometheus())
        )


@contextmanager
def _targets(kinds: dict[str, str]) -> Iterator[dict[str, dict[str, Any]]]:
    """Give each target a port, or a name, that does what it is to do."""
    with listener() as taking, deaf_port() as deaf:
        ends = {"takes": taking, "refuses": closed_port(), "keeps_waiting": deaf}
        yield {
            name: {"target": "127.0.0.1", "port": ends[kind]} if kind in ends else {"target": NOT_FOUND, "port": 1}
            for name, kind in kinds.items()
        }


def _is_over(running: Probing, targets: int) -> bool:
    """Whether it is known of each target what became of its test."""
    found = running.targets().values()
    ends = ("successes", "packets_timeout", "dns_lookup_failures", "connect_failures")
    return len(found) == targets and all(any(told[end] for end in ends) for told in found)


def _in_order(text: str) -> str:
    """Give a text with the lines of each family in one order: targets come in that of their first outcomes."""
    blocks = groupby(text.splitlines(keepends=True), key=lambda line: line.startswith("#"))
    return "".join(line for is_head, lines in blocks for line in (lines if is_head else sorted(lines)))


def _without_period(module: dict[str, Any]) -> dict[str, Any]:
    """Give the metrics of a module without the time when they were taken."""
    return {
        schema: {key: value for key, value in metrics.items() if key != "period"} for schema, metrics in module.items()
    }
