"""multi_window.pcap: dns_authoritative.pcap again, spread over 200 seconds of packet time. Needs no rights."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from netlab import CAPTURES
from pcapfile import read_pcap, write_capture

START_NS = 1_750_000_000_000_000_000
SPAN_NS = 200_000_000_000
PAUSE_NS = 8_000_000  # no answer takes this long, and dig takes longer to start


def main() -> None:
    """Pauses between exchanges stretched, pauses within an exchange kept, so that response times stay true."""
    frames = read_pcap(CAPTURES / "dns_authoritative.pcap")
    pauses = sum(b.time_ns - a.time_ns > PAUSE_NS for a, b in pairwise(frames))
    step_ns = SPAN_NS // pauses
    time_ns, spread = START_NS, [replace(frames[0], time_ns=START_NS)]
    for before, frame in pairwise(frames):
        gap_ns = frame.time_ns - before.time_ns
        time_ns += step_ns if gap_ns > PAUSE_NS else gap_ns
        spread.append(replace(frame, time_ns=time_ns))
    write_capture("multi_window.pcap", spread)


if __name__ == "__main__":
    main()
