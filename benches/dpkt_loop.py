"""What a user of dpkt would write: decode each packet, count protocols, source addresses and DNS names."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import dpkt  # type: ignore[import-untyped]


def main(path: str) -> None:
    """Count one capture and print the most frequent values."""
    counts: Counter[str] = Counter()
    sources: Counter[bytes] = Counter()
    names: Counter[str] = Counter()
    with Path(path).open("rb") as stream:
        for _, frame in dpkt.pcap.Reader(stream):
            ip = dpkt.ethernet.Ethernet(frame).data
            if not isinstance(ip, dpkt.ip.IP | dpkt.ip6.IP6):
                counts["other"] += 1
                continue
            sources[ip.src] += 1
            segment = ip.data
            counts[type(segment).__name__] += 1
            if isinstance(segment, dpkt.udp.UDP) and 53 in (segment.sport, segment.dport):
                try:
                    message = dpkt.dns.DNS(segment.data)
                except (dpkt.UnpackError, IndexError, UnicodeDecodeError):
                    counts["bad DNS"] += 1
                    continue
                names.update(question.name.lower() for question in message.qd)
    print(counts, sources.most_common(10), names.most_common(10))


if __name__ == "__main__":
    main(sys.argv[1])
