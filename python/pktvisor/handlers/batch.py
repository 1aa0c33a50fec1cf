"""Handlers that no expression can say: Python code that gets whole batches, within a budget of time."""

from __future__ import annotations

from pktvisor import _core


class BatchHandler:
    """Gets the batches of an input, beside the declared handlers. Subclass it and write `on_batch`.

    Live, it runs in a thread of its own, and batches that come while it is busy, or when its time is used up, are
    skipped and counted: it can't hold up the capture. A file waits for it.
    """

    budget_ms: float | None = 100.0
    """Milliseconds of every second that it may use; None for all it wants."""
    most_errors: int = 10
    """So many exceptions switch it off."""

    def __init__(self) -> None:
        self.counters = _core.BatchCounters()
        """What became of its batches: seen, skipped, errors, time used."""

    def on_batch(self, batch: _core.Batch) -> None:
        """Take a batch; its tables are Arrow tables (`polars.DataFrame(batch.dns)`)."""
        raise NotImplementedError(f"{type(self).__name__} has no on_batch")

    def on_fault(self, fault: Exception, is_off: bool) -> None:
        """Hear of the first exception that `on_batch` raised, and of the one that switched it off."""
        import logging  # start-up time matters

        ending = "it is switched off" if is_off else "the batch is counted as an error"
        logging.getLogger(__name__).error(
            "handler %s: %s: %s; %s", type(self).__name__, type(fault).__name__, fault, ending
        )
