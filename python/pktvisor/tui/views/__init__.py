"""The screens, one file each: from a reading to panels. `SCREENS` lists them in the order of their keys."""

from __future__ import annotations

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
