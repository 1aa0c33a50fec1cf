"""Snapshots as OpenMetrics text (1.0.0).

Names, labels and values are those of the Prometheus text, so that a dashboard does not notice which of the two a
scraper asked for; a summary's `_sum` is the largest value seen here, too. A histogram has a `_sum` on top, and a true
one: without it, OpenMetrics would not allow its `_count`.
"""

from __future__ import annotations

from pktvisor.metrics.snapshot import Labels
from pktvisor.outputs.families import Policies
from pktvisor.outputs.lines import Form, escape_label, written_families


def render(policies: Policies, *, static: Labels = (), with_handler: bool = True) -> str:
    """Write the windows of policies, given by name. What the arguments mean is said at `prometheus.render`."""
    lines: list[str] = []
    for family in written_families(policies, Form(static, with_handler, has_histogram_sum=True)):
        lines.append(f"# TYPE {family.name} {family.type}")
        # In OpenMetrics, help texts are escaped as label values are.
        lines.append(f"# HELP {family.name} {escape_label(family.help)}")
        lines += family.blocks
    return "".join([f"{line}\n" for line in (*lines, "# EOF")])
