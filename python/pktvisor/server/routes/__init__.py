"""The routes. One group, one file with its `ENDPOINTS`; being here is all that it takes."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping

from pktvisor.server.endpoint import Endpoint


@functools.cache
def groups() -> Mapping[str, tuple[Endpoint, ...]]:
    """All endpoints by the name of their group."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name: importlib.import_module(f"{__name__}.{name}").ENDPOINTS for name in names}


def endpoints(*, with_admin: bool) -> list[Endpoint]:
    """The endpoints that are served, with or without those that need the admin API."""
    every = [endpoint for group in groups().values() for endpoint in group]
    return [endpoint for endpoint in every if with_admin or endpoint.scope == "read"]
