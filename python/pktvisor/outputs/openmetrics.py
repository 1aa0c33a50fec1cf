"""Snapshots as OpenMetrics text (1.0.0).

Names, labels and values are those of the Prometheus text, so that a dashboard does not notice which of the two a
scraper asked for; a summary's `_sum` is the largest value seen here, too. A histogram has a `_sum` on top, and a true
one: without it, OpenMetrics would not allow its `_count`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pktvisor.metrics.snapshot import Labels
from pktvisor.outputs.families import Policies
from pktvisor.outputs.lines import Form, escape_label, written_families


def render(policies: Policies, *, static: Labels = (), with_handler: bool = True) -> str:
    """Write the windows of policies, given by name. What the arguments mean is said at `prometheus.render`."""
    return "".join(texts(policies, static=static, with_handler=with_handler))


def texts(policies: Policies, *, static: Labels = (), with_handler: bool = True) -> Iterator[str]:
    """Write the same text after text."""
    for family in written_families(policies, Form(static, with_handler, has_histogram_sum=True)):
        # A counter's family has the name without what its series end in.
        name = family.name.removesuffix("_total") if family.type == "counter" else family.name
        yield f"# TYPE {name} {family.type}\n"
        # In OpenMetrics, help texts are escaped as label values are.
        yield f"# HELP {name} {escape_label(family.help)}\n"
        for block in family.texts():
            yield f"{block}\n"
    yield "# EOF\n"
