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
    return {name: declared for module in _modules() for name, declared in _declared(module).items()}


def handler(type_name: str, version: str = "1.0") -> type[Handler]:
    """The handler of that type and version; ConfigError where there is none."""
    # Start-up time matters: where the file of that name has it, the others are not imported.
    near = _declared(type_name) if type_name in _modules() else {}
    declared = near.get((type_name, version)) or handlers().get((type_name, version))
    if declared is None:
        known = ", ".join(f"{name} {version}" for name, version in sorted(handlers()))
        types = [name for name, _ in handlers()]
        hint = "" if type_name in types else did_you_mean(type_name, types)
        raise ConfigError(f"no handler '{type_name}' of version {version}; there are {known}{hint}")
    return declared


@functools.cache
def _modules() -> tuple[str, ...]:
    return tuple(module.name for module in pkgutil.iter_modules(__path__))


@functools.cache
def _declared(module: str) -> dict[tuple[str, str], type[Handler]]:
    """The handlers of a file by type and version."""
    values = vars(importlib.import_module(f"{__name__}.{module}")).values()
    declared = (one for one in values if isinstance(one, type) and issubclass(one, Handler) and hasattr(one, "type"))
    return {(one.type, one.version): one for one in declared}
