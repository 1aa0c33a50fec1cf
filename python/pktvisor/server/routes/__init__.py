"""The routes. One group, one file with its `ENDPOINTS`; being here is all that it takes."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterable, Mapping

from pktvisor.server.endpoint import Endpoint

Groups = Mapping[str, tuple[Endpoint, ...]]
"""Endpoints by the name of their group."""


@functools.cache
def groups() -> Groups:
    """All endpoints by the name of their group."""
    return groups_of(__name__, __path__)


def groups_of(package: str, path: Iterable[str]) -> Groups:
    """The endpoints in the files of a package, by the names of the files."""
    names = [module.name for module in pkgutil.iter_modules(path)]
    return {name: importlib.import_module(f"{package}.{name}").ENDPOINTS for name in names}


def endpoints(*, with_admin: bool, among: Groups | None = None) -> list[Endpoint]:
    """The endpoints that are served, with or without those that need the admin API."""
    every = [endpoint for group in (groups() if among is None else among).values() for endpoint in group]
    return [endpoint for endpoint in every if with_admin or endpoint.scope != "admin"]
