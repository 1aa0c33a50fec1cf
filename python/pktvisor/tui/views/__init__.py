"""The screens, one file each: from a reading to panels. `SCREENS` lists them in the order of their keys."""

from __future__ import annotations

from pktvisor.api.documents import PolicyMetrics
from pktvisor.tui.views import dhcp, dns, handlers, inputs, net, overview, policies, resources
from pktvisor.tui.views.content import View

SCREENS: tuple[View, ...] = (
    overview.VIEW,
    dns.VIEW,
    net.VIEW,
    dhcp.VIEW,
    resources.VIEW,
    inputs.VIEW,
    policies.VIEW,
    handlers.VIEW,
)


def first_number(metrics: PolicyMetrics) -> int:
    """Give the number in `SCREENS` of the one to begin with: the last, the handlers', where the first shows nothing."""
    return 0 if overview.can_show(metrics) else len(SCREENS) - 1
