"""Packets of an interface as they come, in batches of Arrow columns.

with pktvisor.live("eth0", filter_expression="port 53") as batches:
    for batch in batches:
        frame = polars.DataFrame(batch.dns)
"""

from __future__ import annotations

import contextlib
import queue
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType

from pktvisor import _core
from pktvisor.config.ports import ports_by_protocol
from pktvisor.errors import InputError
from pktvisor.handlers.batch import BatchHandler
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.pcap import PcapInput

LOOK_S = 0.1
"""So often somebody who waits looks whether there is an end."""


class Handover(BatchHandler):
    """Hands batches from the handler's thread to whoever iterates. While nobody takes them, they are skipped."""

    budget_ms = None

    def __init__(self) -> None:
        super().__init__()
        self._ready: queue.Queue[_core.Batch] = queue.Queue(maxsize=1)
        self._is_closed = threading.Event()

    def on_batch(self, batch: _core.Batch) -> None:
        while not self._is_closed.is_set():
            with contextlib.suppress(queue.Full):
                self._ready.put(batch, timeout=LOOK_S)
                return

    def take(self) -> _core.Batch | None:
        """Give the next batch; None where none came for a moment."""
        try:
            return self._ready.get(timeout=LOOK_S)
        except queue.Empty:
            return None

    def close(self) -> None:
        self._is_closed.set()


class LiveBatches:
    """The batches of an interface, until it is closed. Memory is bounded: who is too slow misses some, counted."""

    def __init__(
        self,
        interface: str,
        *,
        hosts: str = "",
        filter_expression: str = "",
        dns_ports: Sequence[int] | str = (),
        decapsulate: bool = False,
    ) -> None:
        """Start to capture; see `live`."""
        self._handover = Handover()
        config = {"iface": interface, "host_spec": hosts, "bpf": filter_expression}
        self._input = PcapInput(config, Defaults(ports=ports_by_protocol(dns_ports), decapsulates=decapsulate))
        self._input.start([], handlers=[self._handover])
        # Ends it also where nobody closes it: a forgotten one must not go on to capture.
        self._end = weakref.finalize(self, _end, self._handover, self._input)

    def __enter__(self) -> LiveBatches:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[_core.Batch]:
        """Give batches as they come; end when closed. InputError where the interface is gone."""
        while True:
            batch = self._handover.take()
            if batch is not None:
                yield batch
            elif self._input.fault is not None:
                raise InputError(self._input.fault)
            elif not self._input.is_running:
                return

    def close(self) -> None:
        """End the capture; closing twice does nothing more."""
        self._end()

    @property
    def skipped(self) -> int:
        """Batches that came while nobody took them."""
        return self._handover.counters.batches_skipped

    @property
    def ledger(self) -> Mapping[str, int]:
        """What became of the packets so far, by name."""
        return self._input.ledger()


def _end(handover: Handover, capture: PcapInput) -> None:
    handover.close()
    capture.stop()


def live(
    interface: str,
    *,
    hosts: str = "",
    filter_expression: str = "",
    dns_ports: Sequence[int] | str = (),
    decapsulate: bool = False,
) -> LiveBatches:
    """Capture on an interface (a name, an address, `any` or `auto`), batch by batch, some ten batches a second.

    `hosts` are the networks that directions are told by, by default the interface's own; `filter_expression` is in
    tcpdump's language, `dns_ports` are the ports by which DNS is known, by default the usual ones. With `decapsulate`,
    packets in tunnels are known by the addresses and ports inside. Capturing needs root or CAP_NET_RAW: InputError
    without. ConfigError for a wrong option.
    """
    return LiveBatches(
        interface, hosts=hosts, filter_expression=filter_expression, dns_ports=dns_ports, decapsulate=decapsulate
    )
