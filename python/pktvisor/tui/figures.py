"""The figures of the first screen, from handlers of either layout: net and dns 1.0, and 2.0 with its directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pktvisor.api.documents import PolicyMetrics
from pktvisor.api.keys import Document
from pktvisor.api.values import Quantiles, TopEntry, number_at, quantiles_at, top_at

DIRECTIONS = ("in", "out", "unknown")

Paths = Mapping[str, tuple[str, str]]
"""Where a figure is in documents of 1.0 and of 2.0; empty where there is none. `*` is the sum over directions."""

PACKETS: Paths = {
    "total": ("total", "*.total_packets"),
    "udp": ("udp", "*.udp_packets"),
    "tcp": ("tcp", "*.tcp_packets"),
    "other": ("other_l4", "*.other_l4_packets"),
    "ipv4": ("ipv4", "*.ipv4_packets"),
    "ipv6": ("ipv6", "*.ipv6_packets"),
    "in": ("in", "in.total_packets"),
    "out": ("out", "out.total_packets"),
    "deep": ("deep_samples", "deep_sampled_packets"),
    "events": ("events", "observed_packets"),
    "rate": ("rates.pps_total", "rates.observed_pps"),
    "rate_in": ("rates.pps_in", "in.rates.pps"),
    "rate_out": ("rates.pps_out", "out.rates.pps"),
    "volume": ("rates.bytes_total", ""),
    "volume_in": ("rates.bytes_in", "in.rates.bps"),
    "volume_out": ("rates.bytes_out", "out.rates.bps"),
    "volume_unknown": ("", "unknown.rates.bps"),
    "sources": ("cardinality.src_ips_in", "in.cardinality.ips"),
    "destinations": ("cardinality.dst_ips_out", "out.cardinality.ips"),
    "addresses": ("cardinality.ips", ""),
    "top_ipv4": ("top_ipv4", "*.top_ipv4_packets"),
    "top_ipv6": ("top_ipv6", "*.top_ipv6_packets"),
    "top_geo": ("top_geoLoc", "*.top_geo_loc_packets"),
    "top_asn": ("top_ASN", "*.top_asn_packets"),
}

DNS: Paths = {
    "total": ("wire_packets.total", ""),
    "events": ("wire_packets.events", "observed_packets"),
    "udp": ("wire_packets.udp", "*.udp_xacts"),
    "tcp": ("wire_packets.tcp", "*.tcp_xacts"),
    "ipv4": ("wire_packets.ipv4", "*.ipv4_xacts"),
    "ipv6": ("wire_packets.ipv6", "*.ipv6_xacts"),
    "queries": ("wire_packets.queries", ""),
    "replies": ("wire_packets.replies", "*.xacts"),
    "noerror": ("wire_packets.noerror", "*.noerror_xacts"),
    "srvfail": ("wire_packets.srvfail", "*.srvfail_xacts"),
    "nxdomain": ("wire_packets.nxdomain", "*.nxdomain_xacts"),
    "refused": ("wire_packets.refused", "*.refused_xacts"),
    "nodata": ("wire_packets.nodata", "*.nodata_xacts"),
    "rate": ("rates.total", "rates.observed_pps"),
    "xacts": ("xact.counts.total", "*.xacts"),
    "timed_out": ("xact.counts.timed_out", "*.timeout_queries"),
    "xacts_in": ("xact.in.total", "in.xacts"),
    "xacts_out": ("xact.out.total", "out.xacts"),
    "time_in": ("xact.in.quantiles_us", "in.xact_time_us"),
    "time_out": ("xact.out.quantiles_us", "out.xact_time_us"),
    "time": ("xact.quantiles_us", ""),
    "qnames": ("cardinality.qname", "*.cardinality.qname"),
    "top_qname2": ("top_qname2", "*.top_qname2_xacts"),
    "top_qname3": ("top_qname3", "*.top_qname3_xacts"),
    "top_nxdomain": ("top_nxdomain", "*.top_nxdomain_xacts"),
    "top_srvfail": ("top_srvfail", "*.top_srvfail_xacts"),
    "top_refused": ("top_refused", "*.top_refused_xacts"),
    "top_qtype": ("top_qtype", "*.top_qtype_xacts"),
    "top_rcode": ("top_rcode", "*.top_rcode_xacts"),
    "top_ports": ("top_udp_ports", "*.top_udp_ports_xacts"),
    "waited": ("xact.top_waited", ""),
    "slow_in": ("xact.in.top_slow", "in.top_slow_xacts"),
    "slow_out": ("xact.out.top_slow", "out.top_slow_xacts"),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """One handler's figures by name; None where the document has none."""

    metrics: Document
    paths: Paths
    is_directional: bool

    def number(self, name: str) -> float | None:
        """Give a count."""
        found = [value for path in self._where(name) if (value := number_at(self.metrics, path)) is not None]
        return sum(found) if found else None

    def amount(self, name: str) -> float:
        """Give a count, or 0."""
        return self.number(name) or 0

    def quantiles(self, name: str) -> Quantiles | None:
        """Give quantiles."""
        return next((found for path in self._where(name) if (found := quantiles_at(self.metrics, path))), None)

    def live(self, name: str) -> float | None:
        """Give a rate's last second."""
        quantiles = self.quantiles(name)
        return None if quantiles is None else quantiles.live

    def volume(self) -> float | None:
        """Give how many bytes the last second brought."""
        total = self.live("volume")
        if total is not None:
            return total
        ways = [
            value for name in ("volume_in", "volume_out", "volume_unknown") if (value := self.live(name)) is not None
        ]
        return sum(ways) if ways else None

    def top(self, name: str) -> tuple[TopEntry, ...]:
        """Give a top list; those of several directions are added up."""
        lists = [found for path in self._where(name) if (found := top_at(self.metrics, path))]
        return lists[0] if len(lists) == 1 else _added(lists)

    def _where(self, name: str) -> list[str]:
        path = self.paths[name][self.is_directional]
        if not path.startswith("*."):
            return [path] if path else []
        return [f"{direction}{path[1:]}" for direction in DIRECTIONS]


def packet_figures(metrics: PolicyMetrics) -> Figures | None:
    """Give those of the policy's net handler; of 1.0 where it has both."""
    handler = metrics.handler("packets", "net")
    return None if handler is None else Figures(handler.metrics, PACKETS, handler.schema == "net")


def dns_figures(metrics: PolicyMetrics) -> Figures | None:
    """Give those of the policy's dns handler; of 1.0 where it has both."""
    handlers = [handler for handler in metrics.handlers if handler.schema == "dns"]
    if not handlers:
        return None
    handler = min(handlers, key=lambda one: "wire_packets" not in one.metrics)
    return Figures(handler.metrics, DNS, "wire_packets" not in handler.metrics)


def packets_and_messages(metrics: PolicyMetrics) -> tuple[float | None, float | None]:
    """Give how many packets and DNS messages there were."""
    packets, dns = packet_figures(metrics), dns_figures(metrics)
    messages = None if dns is None else dns.number("total") or dns.number("events")
    return None if packets is None else packets.number("total"), messages


def failed_share(metrics: PolicyMetrics) -> float | None:
    """Give the part of the replies that say that a server failed or refused, in percent."""
    return _share_of_replies(metrics, "srvfail", "refused")


def missing_share(metrics: PolicyMetrics) -> float | None:
    """Give the part of the replies that say that there is no such name, in percent."""
    return _share_of_replies(metrics, "nxdomain")


def answer_time_us(metrics: PolicyMetrics) -> float | None:
    """Give the 90th percentile of answer times, in microseconds; the longer one where they are told by direction."""
    dns = dns_figures(metrics)
    found = [] if dns is None else [dns.quantiles(name) for name in ("time", "time_in", "time_out")]
    times = [value for one in found if one is not None and (value := one.values[1]) is not None]
    return max(times, default=None)


def _share_of_replies(metrics: PolicyMetrics, *names: str) -> float | None:
    dns = dns_figures(metrics)
    replies = 0.0 if dns is None else dns.amount("replies")
    return 100 * sum(dns.amount(name) for name in names) / replies if dns is not None and replies else None


def _added(lists: list[tuple[TopEntry, ...]]) -> tuple[TopEntry, ...]:
    estimates: dict[str, float] = {}
    for entry in (entry for one in lists for entry in one):
        estimates[entry.name] = estimates.get(entry.name, 0) + entry.estimate
    return tuple(sorted((TopEntry(*item) for item in estimates.items()), key=lambda entry: -entry.estimate))
