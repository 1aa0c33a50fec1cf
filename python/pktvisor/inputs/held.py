"""What a capture file holds beside what was read of it: a hint for whoever would rather have that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pktvisor import _core

if TYPE_CHECKING:
    from pktvisor.inputs.filters import CaptureFilter

HOLDS_FLOWS = "the capture holds flow records (NetFlow, IPFIX or sFlow): pktvisor-reader -i netflow summarises those"
HOLDS_NO_FLOWS = "no flow records are in the capture: without -i, its packets are summarised"
PASSES_NO_FLOWS = "no flow records are in the packets that pass the filter"

LEAST_SHARE = 0.5
"""Of packets: where more are of a kind, the capture is of that kind."""
FIRST_PACKETS = 4096
"""They tell what a capture is of: nobody waits for it to be read twice."""


def of_packets(paths: Sequence[str], wanted: CaptureFilter | None, input_type: str) -> list[str]:
    """Say of a capture that was read as packets that exporters sent most of them: by the first ones of its first file.

    Nothing of standard input, a FIFO or a folder, which nobody reads twice.
    """
    if input_type != "pcap" or paths[0] == "-" or not Path(paths[0]).is_file():
        return []
    try:
        reader = _core.BatchReader(
            paths[:1], hosts=[], compile_filter=wanted, reads_flows=True, most_packets=FIRST_PACKETS
        )
        batch = reader.next_batch()
    except _core.InputFault:  # it was there a moment ago
        return []
    if batch is None or not len(batch.tables["flow"]):
        return []
    ledger = batch.ledger()
    exports = ledger["seen"] - ledger["filtered"] - ledger["flow.unknown"]
    return [HOLDS_FLOWS] if exports > ledger["seen"] * LEAST_SHARE else []


def of_flows(ledger: Mapping[str, int], is_empty: bool, wanted: CaptureFilter | None) -> list[str]:
    """Say of a capture that was read as flow records, and gave none, that its packets are other ones.

    Of those that a filter kept out nothing is known.
    """
    datagrams = ledger["seen"] - ledger["filtered"]
    is_of_others = ledger["seen"] and ledger["flow.unknown"] >= datagrams * LEAST_SHARE
    if not (is_empty and is_of_others):
        return []
    return [PASSES_NO_FLOWS if wanted else HOLDS_NO_FLOWS]
