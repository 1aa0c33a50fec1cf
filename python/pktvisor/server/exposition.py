"""Metrics for Prometheus, in the form that the client asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pktvisor.api.documents import Exports, Memory
from pktvisor.metrics.snapshot import HandlerSnapshot, Labels, Sample
from pktvisor.outputs.exposition import FORMATS, choose, render
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Content

EXPOSITION_TYPES = tuple(offered.content_type for offered in FORMATS)

VARY = {"vary": "accept"}
PROCESS = ""
"""Stands for the process among policies: its series have no label `policy`."""


def exposition(
    context: Context, policies: Mapping[str, list[HandlerSnapshot]], accept: str, *, with_handler: bool
) -> Content:
    """Write the windows of policies, given by name."""
    static = context.settings.prometheus_labels
    content_type, body = render(choose(accept), policies, static=static, with_handler=with_handler)
    return Content(body, content_type, VARY)


def process_snapshots(context: Context) -> dict[str, list[HandlerSnapshot]]:
    """Give what there is to say of the process itself, beside policies."""
    samples = (*_memory_samples(context.agent.memory), *_export_samples(context.settings.exports()))
    return {PROCESS: [HandlerSnapshot("", "pktvisor", 0, 0, 0, 0, is_closed=False, samples=samples)]}


def _memory_samples(memory: Memory) -> Iterator[Sample]:
    for name, held in memory.held.items():
        yield _gauge("memory_held_bytes", "Bytes of memory held, by what they are held for", held, name)
    if memory.budget_bytes is not None:
        yield _gauge("memory_budget_bytes", "Bytes of memory that may be held", memory.budget_bytes)
    for name, given in memory.gave_way.items():
        yield _gauge("memory_gave_way", "How much gave way to the memory budget since the start", given, name)


def _export_samples(exports: Exports) -> Iterator[Sample]:
    text = "What became of windows that are pushed, since the start, and how many wait"
    for to, counters in exports.items():
        for name, value in counters.items():
            yield _gauge("exports", text, value, name, (("to", to),))


def _gauge(name: str, text: str, value: int, of: str = "", more: Labels = ()) -> Sample:
    labels = (("of", of), *more) if of else more
    return Sample("gauge", (name,), f"pktvisor_{name}", text, value, labels)
