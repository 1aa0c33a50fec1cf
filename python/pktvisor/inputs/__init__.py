"""Inputs: where events come from. One source, one file; being here is all that it takes."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pktvisor.inputs.base import Input


@functools.cache
def inputs() -> dict[str, type[Input]]:
    """All inputs of this package by the names that taps give them."""
    from pktvisor.inputs.base import Input  # start-up time matters: readers of files need no input

    found: dict[str, type[Input]] = {}
    for module in pkgutil.iter_modules(__path__):
        for declared in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if inspect.isclass(declared) and issubclass(declared, Input) and hasattr(declared, "type"):
                found.update(dict.fromkeys((declared.type, *declared.aliases), declared))
    return found
