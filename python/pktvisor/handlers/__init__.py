"""Handlers: what is measured of each kind of traffic. One protocol, one file; being here is all that it takes."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError
from pktvisor.handlers.base import Handler


@functools.cache
def handlers() -> dict[tuple[str, str], type[Handler]]:
    """All handlers of this package by type and version."""
    found: dict[tuple[str, str], type[Handler]] = {}
    for module in pkgutil.iter_modules(__path__):
        for declared in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(declared, type) and issubclass(declared, Handler) and hasattr(declared, "type"):
                found[declared.type, declared.version] = declared
    return found


def handler(type_name: str, version: str = "1.0") -> type[Handler]:
    """The handler of that type and version; ConfigError where there is none."""
    declared = handlers().get((type_name, version))
    if declared is None:
        known = ", ".join(f"{name} {version}" for name, version in sorted(handlers()))
        types = [name for name, _ in handlers()]
        hint = "" if type_name in types else did_you_mean(type_name, types)
        raise ConfigError(f"no handler '{type_name}' of version {version}; there are {known}{hint}")
    return declared
