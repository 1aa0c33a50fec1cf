"""pktvisor: what the network and the DNS are doing, summarised where it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pktvisor.handlers.batch import BatchHandler
    from pktvisor.inputs.batches import batches
    from pktvisor.inputs.tables import as_text, scan, table
    from pktvisor.policies.live import live

    __version__: str

__all__ = ["BatchHandler", "__version__", "as_text", "batches", "live", "scan", "table"]

_HOMES = {
    "BatchHandler": "pktvisor.handlers.batch",
    "as_text": "pktvisor.inputs.tables",
    "batches": "pktvisor.inputs.batches",
    "live": "pktvisor.policies.live",
    "scan": "pktvisor.inputs.tables",
    "table": "pktvisor.inputs.tables",
}


def __getattr__(name: str) -> Any:
    # Imported when first asked for, so that the commands start fast.
    import importlib

    if name == "__version__":
        return importlib.import_module("pktvisor._core").__version__
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
