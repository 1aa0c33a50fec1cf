"""What a hub serves beside an agent's routes. One group, one file with its `ENDPOINTS`; being here is all it takes."""

from __future__ import annotations

import functools

from pktvisor.server.routes import Groups, groups_of


@functools.cache
def groups() -> Groups:
    """The hub's own endpoints by the name of their group."""
    return groups_of(__name__, __path__)
