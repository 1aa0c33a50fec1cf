"""pktvisor: what the network and the DNS are doing, summarised where it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pktvisor.handlers.batch import BatchHandler
    from pktvisor.inputs.batches import batches, table

__all__ = ["BatchHandler", "batches", "table"]

_HOMES = {
    "BatchHandler": "pktvisor.handlers.batch",
    "batches": "pktvisor.inputs.batches",
    "table": "pktvisor.inputs.batches",
}


def __getattr__(name: str) -> Any:
    # Imported when first asked for, so that the commands start fast.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
