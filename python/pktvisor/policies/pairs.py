"""Which clients ask for which names: kept apart by name and by address, for the terminal's drill-down.

A policy can declare the same for a running agent (docs/how-to/watch-in-the-terminal.md).
"""

from __future__ import annotations

from pktvisor.config.command_options import DEFAULT_LENGTH_S
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.custom import Custom
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy

PAIRS = "pairs"
"""Name of the policy, its tap and its module."""
SHOWN = 100
"""Clients of a name, and names of an address, that are shown at most."""
MOST_GROUPS_LIVE = 2_000
"""Names, and addresses, that a window keeps apart where it is read again and again."""
MOST_GROUPS_RECORDED = 10_000


def pairs_policy(*, periods: int, length_s: int = DEFAULT_LENGTH_S, is_recorded: bool = False) -> Policy:
    """Make the policy, to be fed beside the one that is shown."""
    questions = {
        "where": "dns.is_reply == 0",
        "count": SHOWN,
        "most_groups": MOST_GROUPS_RECORDED if is_recorded else MOST_GROUPS_LIVE,
    }
    metrics = {
        "clients": {"top_n": "ip.src", "by": "dns.qname", **questions},
        "asked": {"top_n": "dns.qname", "by": "ip.src", **questions},
        "answered": {"top_n": "dns.qname", "by": "ip.dst", **questions},
    }
    handler = Custom(HandlerSettings(metrics=metrics))
    instances = [Instance(PAIRS, handler, PAIRS)]
    return Policy(PAIRS, instances, periods=periods, length_s=length_s, is_recorded=is_recorded)
