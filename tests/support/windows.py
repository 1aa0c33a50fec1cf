"""A window of a recorded capture with every metric that there is of packets."""

from __future__ import annotations

from dataclasses import replace

from pktvisor.handlers.base import Settings
from pktvisor.metrics.exponential import ExponentialValues
from pktvisor.metrics.snapshot import HandlerSnapshot, HistogramValues, Sample
from support.captures import FOLDER
from support.measuring import Measured, Source, Wanted, measure

EVERY_GROUP = Settings(enable=["all"])
WANTED = (
    Wanted("net_v1", "net", "1.0", EVERY_GROUP),
    Wanted("net_v2", "net", "2.0", EVERY_GROUP),
    Wanted("dns_v1", "dns", "1.0", EVERY_GROUP),
    Wanted("dns_v2", "dns", "2.0", EVERY_GROUP),
    Wanted("dhcp", "dhcp"),
)


def recorded_window() -> list[HandlerSnapshot]:
    """Read a capture of a resolver; its packets all come from and go to this host."""
    source = Source(FOLDER / "dns_resolver.pcap", hosts="0.0.0.0/0,::/0")
    measured = measure(source, WANTED, tap="anycast")
    return [_with_exponentials(measured, snapshot) for snapshot in measured.snapshots()]


def _with_exponentials(measured: Measured, snapshot: HandlerSnapshot) -> HandlerSnapshot:
    return replace(snapshot, samples=tuple(_with_exponential(measured, snapshot, one) for one in snapshot.samples))


def _with_exponential(measured: Measured, snapshot: HandlerSnapshot, sample: Sample) -> Sample:
    if not isinstance(sample.value, HistogramValues):
        return sample
    values = measured.exponential(snapshot.instance, ".".join(sample.path))
    return replace(sample, value=replace(sample.value, exponential=ExponentialValues.of(values)))
