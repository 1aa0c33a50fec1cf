"""One group of routes, one file. Each has `routes(context)`, named in `GROUPS`."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import BaseRoute

from pktvisor.server.context import Context
from pktvisor.server.routes import default_policy, policies, policy_metrics, process

GROUPS: tuple[Callable[[Context], list[BaseRoute]], ...] = (
    process.routes,
    default_policy.routes,
    policies.routes,
    policy_metrics.routes,
)
