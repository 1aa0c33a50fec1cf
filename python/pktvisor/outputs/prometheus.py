"""Snapshots as Prometheus text (exposition format 0.0.4), as the C++ pktvisor writes it.

The series of a family stand together under one HELP and TYPE. A summary's `_sum` is the largest value seen, not a sum:
dashboards read it so. A histogram has no `_sum`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pktvisor.metrics.snapshot import Labels
from pktvisor.outputs.families import Policies
from pktvisor.outputs.lines import Form, escape_help, written_families


def render(policies: Policies, *, static: Labels = (), with_handler: bool = True) -> str:
    """Write the windows of policies, given by name.

    `static` labels (as `instance`) lead every series. Without `with_handler` the `handler` label is left out, as
    `/metrics` does.
    """
    return "".join(texts(policies, static=static, with_handler=with_handler))


def texts(policies: Policies, *, static: Labels = (), with_handler: bool = True) -> Iterator[str]:
    """Write the same text after text."""
    for family in written_families(policies, Form(static, with_handler)):
        yield f"# HELP {family.name} {escape_help(family.help)}\n"
        yield f"# TYPE {family.name} {family.type}\n"
        for block in family.texts():
            yield f"{block}\n"
