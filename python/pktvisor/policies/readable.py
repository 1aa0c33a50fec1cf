"""The handlers of a file's readable summary and screens: what they tell does not hang on which hosts are known.

The handlers of version 1.0 count remote addresses, and answer times by direction, which without known hosts are none.
These add what holds whoever's the packets are. The reader's JSON stays as it is: it is made by the handlers themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.dhcp import Dhcp
from pktvisor.handlers.dns import ANSWERED, Dns
from pktvisor.handlers.net import Net, NetByDirection
from pktvisor.metrics.expressions import xact
from pktvisor.metrics.kinds import Histogram, Quantiles, TopN
from pktvisor.policies.default import DEFAULT
from pktvisor.policies.plan import Instance


class ReadableNet(Net):
    """Packets; remote addresses where directions are known, those of both ends elsewhere."""

    ips = replace(NetByDirection.ips, help="Cardinality of remote addresses, of both ends where no host is known")
    top_ipv4 = replace(NetByDirection.top_ipv4_packets, path="top_ipv4")
    top_ipv6 = replace(NetByDirection.top_ipv6_packets, path="top_ipv6")
    top_geo = replace(NetByDirection.top_geo_loc_packets, path="top_geoLoc")
    top_asn = replace(NetByDirection.top_asn_packets, path="top_ASN")


class ReadableDns(Dns):
    """Messages; answer times of all transactions, whichever end is a host."""

    time = Quantiles(
        xact.time_us,
        ANSWERED,
        path="xact.quantiles_us",
        groups=("dns_transaction", "quantiles"),
        help="Quantiles of transaction times, in microseconds",
    )
    histogram = Histogram(
        xact.time_us,
        ANSWERED,
        path="xact.histogram_us",
        groups=("dns_transaction",),
        help="Histogram of transaction times, in microseconds",
    )
    waited = TopN(
        Dns.slow_in.column,
        ANSWERED,
        path="xact.top_waited",
        label="qname",
        weight=xact.time_us,
        groups=("dns_transaction",),
        help="Top QNAMES by the time waited for their answers, in microseconds",
    )


READABLE_HANDLERS = (("net", ReadableNet), ("dns", ReadableDns), ("dhcp", Dhcp))
"""Module names with their handlers, in the order that outputs keep."""


def readable_instances(
    *,
    policy: str = DEFAULT,
    tap: str = DEFAULT,
    deep_sample_rate: int = 100,
    input_type: str = "pcap",
    enable: Sequence[str] = (),
) -> list[Instance]:
    """One handler per module that takes such an input, named as `default-default-net`; groups are enabled where it has
    them.
    """
    fitting = [(module, handler) for module, handler in READABLE_HANDLERS if input_type in handler.inputs]
    settings = [
        HandlerSettings(
            enable=[group for group in enable if group in handler.groups],
            deep_sample_rate=deep_sample_rate,
            input_type=input_type,
        )
        for _, handler in fitting
    ]
    return [
        Instance(f"{policy}-{tap}-{module}", handler(own), tap)
        for (module, handler), own in zip(fitting, settings, strict=True)
    ]
