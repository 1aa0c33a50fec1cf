"""DNS messages and transactions (handler dns, versions 1.0 and 2.0).

Version 1.0 counts messages, and the transactions that pairs of them make; 2.0 counts transactions only, kept apart by
direction.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from pktvisor.config.ports import port_keys
from pktvisor.errors import ConfigError, within
from pktvisor.handlers.base import Exchanges, Handler, HandlerSettings
from pktvisor.handlers.dns_pairs import FAILING_NAMES, SLOW_NAMES, Rows, failing_names, question, slow_names
from pktvisor.metrics.breakdown import TOGETHER, by_direction
from pktvisor.metrics.compatibility import Purged
from pktvisor.metrics.dns_names import qtype_name, qtype_number, rcode_name, rcode_number
from pktvisor.metrics.domain_names import domain_name, domain_suffix
from pktvisor.metrics.expressions import (
    ALWAYS,
    DEEP,
    EVENT,
    FILTERED,
    PASSED,
    SAMPLED,
    Column,
    Condition,
    dns,
    dnstap,
    slower_than_before,
    xact,
)
from pktvisor.metrics.kinds import Cardinality, Counter, Histogram, Metric, Quantiles, Rate, TopN

QUERY, REPLY = dns.is_reply == 0, dns.is_reply == 1
UDP, TCP = dns.transport == 17, dns.transport == 6
TLS, HTTPS, DNSCRYPT_UDP, DNSCRYPT_TCP, QUIC = (dns.transport == number for number in range(1, 6))
IPV4, IPV6 = dns.ip_version == 4, dns.ip_version == 6
PARSED = dns.parsed == 1
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = (dns.rcode == number for number in (0, 2, 3, 5))
NODATA = NOERROR & (dns.answers == 0)
AUTHORITATIVE, AUTHENTICATED, CHECKING_DISABLED = (dns.flags.has_bits(bit) for bit in (0x0400, 0x0020, 0x0010))
ECS = QUERY & (dns.has_ecs == 1)
NOTHING = ~ALWAYS
TO_HOST, FROM_HOST = dns.direction == 1, dns.direction == 2

ANSWERED, LATE, ORPHAN = (xact.outcome == number for number in (1, 2, 3))

ANSWER_TIMES = (7, 27)
"""Powers of two between which steps tell answer times apart: from 128 microseconds to 67 seconds."""

MOST_ANSWERS = 2**16 - 1
"""What a header can announce."""

DNSTAP_TYPES = {"auth": 1, "client": 5, "forwarder": 7, "resolver": 3, "stub": 9, "tool": 11, "update": 13}
"""Numbers of the queries that dnstap tells of; their responses have one more."""
HAS_CONTENT = ~(dns.rcode == 0xFFFF)
"""dnstap tells of messages without giving them, too."""


def _of_told_ports(metric: Metric) -> Metric:
    """The same metric, where it is of ports without those that nobody has told."""
    if isinstance(metric, TopN) and metric.column.json == dns.port.json:
        return replace(metric, where=metric.where & (dns.port > 0))
    return metric


class DnsFilters(Handler):
    """What both versions have in common: reading the filters' options."""

    schema, table = "dns", "dns"
    inputs = ("pcap", "dnstap", "mock")
    apart_from_all = frozenset((FAILING_NAMES, SLOW_NAMES))

    @classmethod
    @functools.cache
    def declared(cls) -> Mapping[str, Metric]:
        return {**super().declared(), **{metric.path: metric for metric in cls.pairs()}}

    @classmethod
    def pairs(cls) -> Iterator[Metric]:
        """Its lists of pairs."""
        raise NotImplementedError

    def __init__(self, settings: HandlerSettings) -> None:
        super().__init__(settings)
        self._check_dnstap_type()
        self._check_lists()

    def _check_lists(self) -> None:
        for key in ("only_qtype", "only_qname", "only_qname_suffix"):
            self.entries(key)

    def _check_dnstap_type(self) -> None:
        """`dnstap_msg_type` must make sense, though it leaves packets alone."""
        if self.has("dnstap_msg_type") and self.text("dnstap_msg_type") not in DNSTAP_TYPES:
            raise ConfigError(
                "DnsStreamHandler: dnstap_msg_type contained an invalid/unsupported type. "
                f"Valid types: {', '.join(DNSTAP_TYPES)}",
                key="dnstap_msg_type",
            )

    def rcodes(self) -> list[int]:
        """The response codes of `only_rcode`; empty where it is not set."""
        wanted = self.settings.options.get("only_rcode", [])
        if isinstance(wanted, str | bool):
            raise ConfigError(
                "DnsStreamHandler: wrong value type for only_rcode filter. It should be an integer or an array",
                key="only_rcode",
            )
        numbers = []
        for name in self.entries("only_rcode") if isinstance(wanted, list) else [wanted]:
            number = rcode_number(str(name))
            if number is None:
                suffix = f": {name}" if isinstance(wanted, list) else ""
                message = f"DnsStreamHandler: only_rcode filter contained an invalid/unsupported rcode{suffix}"
                raise ConfigError(message, key="only_rcode")
            numbers.append(number)
        return numbers

    def qtypes(self) -> list[int]:
        """The types of `only_qtype`."""
        numbers = []
        for name in self.texts("only_qtype"):
            number = qtype_number(name)
            if number is None:
                message = f"DnsStreamHandler: only_qtype filter contained an invalid/unsupported qtype: {name}"
                raise ConfigError(message, key="only_qtype")
            numbers.append(number)
        return numbers

    def names(self) -> list[str]:
        """The names of `only_qname`."""
        return self._names("only_qname", domain_name)

    def suffixes(self) -> list[str]:
        """The ends of names of `only_qname_suffix`."""
        return self._names("only_qname_suffix", domain_suffix)

    def _names(self, key: str, read: Callable[[str], str]) -> list[str]:
        with within(key):
            return [read(name) for name in self.texts(key)]

    def metrics(self) -> Mapping[str, Metric]:
        """Of dnstap no port may be told, which then is none to be listed."""
        if not self.is_of_dnstap:
            return self.declared()
        return {name: _of_told_ports(metric) for name, metric in self.declared().items()}

    def keep_dnstap(self) -> Condition:
        """What is kept of dnstap, of which no other filter judges."""
        if not self.has("dnstap_msg_type"):
            return ALWAYS
        query = DNSTAP_TYPES[self.text("dnstap_msg_type")]
        return dnstap.type.one_of([query, query + 1])

    def keep_rcode(self) -> Condition:
        if self.flag("exclude_noerror"):
            return ~NOERROR
        return dns.rcode.one_of(self.rcodes()) if self.rcodes() else ALWAYS

    def keep_answers(self) -> Condition:
        """What `answer_count` and `only_dnssec_response` keep of responses."""
        keep = ALWAYS
        if self.flag("only_dnssec_response"):
            keep &= PARSED & REPLY & (dns.signatures == 1)
        if self.has("answer_count"):
            count = self.settings.options["answer_count"]
            if isinstance(count, bool) or not isinstance(count, int):
                message = "DnsStreamHandler: wrong value type for answer_count filter. It should be an integer"
                raise ConfigError(message, key="answer_count")
            if count > MOST_ANSWERS:
                raise ConfigError(
                    f"DnsStreamHandler: answer_count is {count}, but no message has more than {MOST_ANSWERS} answers",
                    key="answer_count",
                )
            keep &= dns.answers == count
        return keep

    def keep_qtype(self) -> Condition:
        return PARSED & dns.qtype.one_of(self.qtypes()) if self.has("only_qtype") else ALWAYS

    def keep_name(self) -> Condition:
        keep = ALWAYS
        if self.has("only_qname"):
            keep &= PARSED & dns.qname.one_of_texts(self.names())
        if self.has("only_qname_suffix"):
            suffixes = self.suffixes()
            keep &= PARSED & (
                dns.qname.below(*(suffix for suffix in suffixes if not suffix.startswith(".")))
                | dns.qname.ends_with(*(suffix for suffix in suffixes if suffix.startswith(".")))
            )
        return keep

    def keep_place(self) -> Condition:
        """What `geoloc_notfound` and `asn_notfound` keep of queries."""
        keep = ALWAYS
        if self.flag("geoloc_notfound"):
            keep &= ECS & (dns.ecs.place == "Unknown")
        if self.flag("asn_notfound"):
            keep &= ECS & (dns.ecs.network == "Unknown")
        return keep


class Dns(DnsFilters):
    """Version 1.0: messages."""

    type, version = "dns", "1.0"
    groups = {
        "cardinality": True,
        "counters": True,
        "quantiles": True,
        "dns_transaction": True,
        "top_qnames": True,
        "top_ports": True,
        "histograms": False,
        "top_ecs": False,
        "top_qnames_details": False,
        FAILING_NAMES: False,
        SLOW_NAMES: False,
    }
    options = (
        "exclude_noerror",
        "only_rcode",
        "only_queries",
        "only_responses",
        "only_dnssec_response",
        "answer_count",
        "only_qtype",
        "only_qname",
        "only_qname_suffix",
        "geoloc_notfound",
        "asn_notfound",
        "dnstap_msg_type",
        "public_suffix_list",
        "recorded_stream",
        "xact_ttl_secs",
        "xact_ttl_ms",
        *port_keys("dns"),
    )

    total = Counter(
        path="wire_packets.total",
        groups=("counters",),
        help="Count of total DNS wire packets matched by the configured filter(s)",
    )
    queries = Counter(
        QUERY, path="wire_packets.queries", groups=("counters",), help="Count of DNS wire packets flagged as query"
    )
    replies = Counter(
        REPLY, path="wire_packets.replies", groups=("counters",), help="Count of DNS wire packets flagged as reply"
    )
    udp = Counter(
        UDP, path="wire_packets.udp", groups=("counters",), help="Count of DNS wire packets received over UDP"
    )
    tcp = Counter(TCP, path="wire_packets.tcp", groups=("counters",), help="Count of DNS messages received over TCP")
    ipv4 = Counter(
        IPV4, path="wire_packets.ipv4", groups=("counters",), help="Count of DNS wire packets received over IPv4"
    )
    ipv6 = Counter(
        IPV6, path="wire_packets.ipv6", groups=("counters",), help="Count of DNS wire packets received over IPv6"
    )
    noerror = Counter(
        REPLY & NOERROR,
        path="wire_packets.noerror",
        groups=("counters",),
        help="Count of DNS replies with return code NOERROR",
    )
    nxdomain = Counter(
        REPLY & NXDOMAIN,
        path="wire_packets.nxdomain",
        groups=("counters",),
        help="Count of DNS replies with return code NXDOMAIN",
    )
    refused = Counter(
        REPLY & REFUSED,
        path="wire_packets.refused",
        groups=("counters",),
        help="Count of DNS replies with return code REFUSED",
    )
    srvfail = Counter(
        REPLY & SERVFAIL,
        path="wire_packets.srvfail",
        groups=("counters",),
        help="Count of DNS replies with return code SERVFAIL",
    )
    nodata = Counter(
        REPLY & NODATA,
        path="wire_packets.nodata",
        groups=("counters",),
        help="Count of DNS replies with return code NOERROR and no answer",
    )
    filtered = Counter(
        within=FILTERED,
        path="wire_packets.filtered",
        groups=("counters",),
        help="Count of DNS wire packets dropped by the configured filter(s)",
    )
    query_ecs = Counter(
        ECS,
        within=DEEP,
        path="wire_packets.query_ecs",
        groups=("counters", "top_ecs"),
        help="Count of DNS queries with an EDNS client subnet",
    )
    events = Counter(within=EVENT, path="wire_packets.events", help="Count of all DNS wire packets, before filters")
    deep_samples = Counter(
        within=SAMPLED,
        path="wire_packets.deep_samples",
        help="Count of DNS wire packets that were sampled for deep inspection",
    )
    rate_total = Rate(path="rates.total", help="Rate of DNS wire packets per second")
    rate_events = Rate(path="rates.events", within=EVENT, help="Rate of DNS wire packets per second, before filters")

    qname_cardinality = Cardinality(
        dns.qname,
        path="cardinality.qname",
        groups=("cardinality",),
        help="Cardinality of unique QNAMES, both ingress and egress",
    )

    xact_total = Counter(
        ANSWERED,
        path="xact.counts.total",
        groups=("dns_transaction",),
        help="Count of DNS transactions (query and reply)",
    )
    timed_out = Counter(
        LATE,
        purged=Purged(),
        path="xact.counts.timed_out",
        groups=("dns_transaction",),
        help="Count of DNS queries that timed out",
    )
    xact_in = Counter(
        ANSWERED & FROM_HOST,
        path="xact.in.total",
        groups=("dns_transaction",),
        help="Count of DNS transactions in which a host is the server",
    )
    xact_out = Counter(
        ANSWERED & TO_HOST,
        path="xact.out.total",
        groups=("dns_transaction",),
        help="Count of DNS transactions in which a host is the client",
    )
    time_in = Quantiles(
        xact.time_us,
        ANSWERED & FROM_HOST,
        path="xact.in.quantiles_us",
        groups=("dns_transaction", "quantiles"),
        help="Quantiles of transaction times when a host is the server, in microseconds",
    )
    time_out = Quantiles(
        xact.time_us,
        ANSWERED & TO_HOST,
        path="xact.out.quantiles_us",
        groups=("dns_transaction", "quantiles"),
        help="Quantiles of transaction times when a host is the client, in microseconds",
    )
    histogram_in = Histogram(
        xact.time_us,
        ANSWERED & FROM_HOST,
        path="xact.in.histogram_us",
        groups=("dns_transaction", "histograms"),
        step_groups=("dns_transaction",),
        step_powers=ANSWER_TIMES,
        help="Histogram of transaction times when a host is the server, in microseconds",
    )
    histogram_out = Histogram(
        xact.time_us,
        ANSWERED & TO_HOST,
        path="xact.out.histogram_us",
        groups=("dns_transaction", "histograms"),
        step_groups=("dns_transaction",),
        step_powers=ANSWER_TIMES,
        help="Histogram of transaction times when a host is the client, in microseconds",
    )
    ratio = Quantiles(
        xact.size_ratio,
        ANSWERED,
        path="xact.ratio.quantiles",
        groups=("dns_transaction", "quantiles"),
        help="Quantiles of reply size divided by query size",
    )
    slow_in = TopN(
        dns.qname,
        ANSWERED & FROM_HOST & slower_than_before(xact.time_us, "xact.in.quantiles_us"),
        path="xact.in.top_slow",
        label="qname",
        groups=("dns_transaction",),
        help="Top QNAMES in transactions slower than p90 when a host is the server",
    )
    slow_out = TopN(
        dns.qname,
        ANSWERED & TO_HOST & slower_than_before(xact.time_us, "xact.out.quantiles_us"),
        path="xact.out.top_slow",
        label="qname",
        groups=("dns_transaction",),
        help="Top QNAMES in transactions slower than p90 when a host is the client",
    )

    top_qname2 = TopN(
        dns.qname2, label="qname", groups=("top_qnames",), help="Top QNAMES, aggregated at a depth of two labels"
    )
    top_qname3 = TopN(
        dns.qname3, label="qname", groups=("top_qnames",), help="Top QNAMES, aggregated at a depth of three labels"
    )
    top_nxdomain = TopN(
        dns.qname, REPLY & NXDOMAIN, label="qname", groups=("top_qnames",), help="Top QNAMES with result code NXDOMAIN"
    )
    top_refused = TopN(
        dns.qname, REPLY & REFUSED, label="qname", groups=("top_qnames",), help="Top QNAMES with result code REFUSED"
    )
    top_srvfail = TopN(
        dns.qname, REPLY & SERVFAIL, label="qname", groups=("top_qnames",), help="Top QNAMES with result code SERVFAIL"
    )
    top_nodata = TopN(
        dns.qname,
        REPLY & NODATA,
        label="qname",
        groups=("top_qnames",),
        help="Top QNAMES with result code NOERROR and no answer",
    )
    top_noerror = TopN(
        dns.qname,
        REPLY & NOERROR,
        label="qname",
        groups=("top_qnames", "top_qnames_details"),
        help="Top QNAMES with result code NOERROR",
    )
    top_qname_by_resp_bytes = TopN(
        dns.qname,
        REPLY,
        label="qname",
        weight=dns.bytes,
        groups=("top_qnames", "top_qnames_details"),
        help="Top QNAMES by response volume in bytes",
    )
    top_udp_ports = TopN(dns.port, label="port", groups=("top_ports",), help="Top client ports")
    top_qtype = TopN(dns.qtype, dns.qname.is_present(), label="qtype", render=qtype_name, help="Top query types")
    top_rcode = TopN(dns.rcode, REPLY & PARSED, label="rcode", render=rcode_name, help="Top result codes")
    top_geo_ecs = TopN(
        dns.ecs.place,
        ECS,
        path="top_geoLoc_ecs",
        label="geo_loc",
        groups=("top_ecs",),
        help="Top places of EDNS client subnets",
    )
    top_asn_ecs = TopN(
        dns.ecs.network, ECS, label="asn", groups=("top_ecs",), help="Top autonomous systems of EDNS client subnets"
    )
    top_query_ecs = TopN(dns.ecs, ECS, label="ecs", groups=("top_ecs",), help="Top EDNS client subnets")

    @classmethod
    def pairs(cls) -> Iterator[Metric]:
        yield from failing_names(Rows(REPLY & ~LATE, LATE, Purged(), "replies"), "")
        yield from slow_names(ANSWERED & FROM_HOST, "xact.in.", " when a host is the server")
        yield from slow_names(ANSWERED & TO_HOST, "xact.out.", " when a host is the client")

    def select(self) -> Condition:
        """Over UDP, `only_rcode` and `only_qname` decide whether a message is an event at all."""
        wanted = []
        if self.rcodes() and not self.flag("exclude_noerror"):
            wanted.append(REPLY & dns.rcode.one_of(self.rcodes()))
        if self.has("only_qname"):
            wanted.append(dns.qname.one_of_texts(self.names()))
        if not wanted or self.is_of_dnstap:
            return ALWAYS
        first, *others = wanted
        for other in others:
            first |= other
        return ~UDP | first

    def keep(self) -> Condition:
        keep = self.keep_rcode() & self.keep_answers() & self.keep_qtype() & self.keep_name() & self.keep_place()
        if self.flag("only_queries") and self.flag("only_responses"):
            message = "DnsStreamHandler: no message meets both only_queries and only_responses: leave one out"
            raise ConfigError(message, key="only_responses")
        if self.flag("only_queries"):
            keep &= QUERY
        if self.flag("only_responses"):
            keep &= REPLY
        return self.keep_dnstap() if self.is_of_dnstap else keep

    def exchanges(self) -> Exchanges:
        return Exchanges(
            dns.exchange,
            dns.is_reply,
            dns.bytes,
            self.xact_ttl_ms,
            observe=NOTHING if self.is_of_dnstap else PASSED,
            text=question(self.enabled),
            pairing=dns.pairing,
            question=dns.question,
        )

    def replacements(self) -> Mapping[str, Column]:
        suffixes = self.suffixes()
        if suffixes or self.flag("public_suffix_list"):
            return {"dns.qname2": dns.qname.tail(2, suffixes), "dns.qname3": dns.qname.tail(3, suffixes)}
        return {}


# Flags of a question that come back with its answer, and of questions that are never answered.
QUESTION_FILTERED, QUESTION_CD, QUESTION_IN, QUESTION_OUT, QUESTION_ECS = 1, 2, 4, 8, 16

DONE = ANSWERED & ~xact.question_flags.has_bits(QUESTION_FILTERED)
"""Responses in time whose query was not filtered."""


class DnsByDirection(DnsFilters):
    """Version 2.0: transactions. Everything is counted when the response comes."""

    type, version = "dns", "2.0"
    groups = {
        "cardinality": True,
        "counters": True,
        "quantiles": True,
        "top_qnames": True,
        "top_rcodes": True,
        "top_qtypes": True,
        "top_ecs": False,
        "top_size": False,
        "top_ports": False,
        "xact_times": False,
        FAILING_NAMES: False,
        SLOW_NAMES: False,
    }
    options = (
        "exclude_noerror",
        "only_rcode",
        "only_dnssec_response",
        "answer_count",
        "only_qtype",
        "only_qname",
        "only_qname_suffix",
        "geoloc_notfound",
        "asn_notfound",
        "dnstap_msg_type",
        "public_suffix_list",
        "recorded_stream",
        "xact_ttl_secs",
        "xact_ttl_ms",
        *port_keys("dns"),
    )
    by = by_direction(dns.xact_direction)

    seen = Counter((DONE, LATE, ORPHAN), purged=Purged(QUESTION_FILTERED, 0), is_hidden=True)
    xacts = Counter(DONE, groups=("counters",), help="Count of DNS transactions (query and reply)")
    udp_xacts = Counter(DONE & UDP, groups=("counters",), help="Count of DNS transactions over UDP")
    tcp_xacts = Counter(DONE & TCP, groups=("counters",), help="Count of DNS transactions over TCP")
    dot_xacts = Counter(DONE & TLS, groups=("counters",), help="Count of DNS transactions over TLS")
    doh_xacts = Counter(DONE & HTTPS, groups=("counters",), help="Count of DNS transactions over HTTPS")
    dnscrypt_udp_xacts = Counter(
        DONE & DNSCRYPT_UDP, groups=("counters",), help="Count of DNSCrypt transactions over UDP"
    )
    dnscrypt_tcp_xacts = Counter(
        DONE & DNSCRYPT_TCP, groups=("counters",), help="Count of DNSCrypt transactions over TCP"
    )
    doq_xacts = Counter(DONE & QUIC, groups=("counters",), help="Count of DNS transactions over QUIC")
    ipv4_xacts = Counter(DONE & IPV4, groups=("counters",), help="Count of DNS transactions over IPv4")
    ipv6_xacts = Counter(DONE & IPV6, groups=("counters",), help="Count of DNS transactions over IPv6")
    noerror_xacts = Counter(
        DONE & NOERROR, groups=("counters",), help="Count of DNS transactions with result code NOERROR"
    )
    nxdomain_xacts = Counter(
        DONE & NXDOMAIN, groups=("counters",), help="Count of DNS transactions with result code NXDOMAIN"
    )
    refused_xacts = Counter(
        DONE & REFUSED, groups=("counters",), help="Count of DNS transactions with result code REFUSED"
    )
    srvfail_xacts = Counter(
        DONE & SERVFAIL, groups=("counters",), help="Count of DNS transactions with result code SERVFAIL"
    )
    nodata_xacts = Counter(
        DONE & NODATA, groups=("counters",), help="Count of DNS transactions with result code NOERROR and no answer"
    )
    authoritative_answer_xacts = Counter(
        DONE & AUTHORITATIVE,
        groups=("counters",),
        help="Count of DNS transactions with the AA flag set in the response",
    )
    authenticated_data_xacts = Counter(
        DONE & AUTHENTICATED,
        groups=("counters",),
        help="Count of DNS transactions with the AD flag set in the response",
    )
    checking_disabled_xacts = Counter(
        DONE & xact.question_flags.has_bits(QUESTION_CD),
        groups=("counters",),
        help="Count of DNS transactions with the CD flag set in the query",
    )
    ecs_xacts = Counter(
        DONE & xact.question_flags.has_bits(QUESTION_ECS),
        groups=("counters", "top_ecs"),
        print_groups=("counters",),
        help="Count of DNS transactions with an EDNS client subnet in the query",
    )
    timeout_queries = Counter(
        LATE, purged=Purged(QUESTION_FILTERED, 0), groups=("counters",), help="Count of DNS queries that timed out"
    )
    orphan_responses = Counter(ORPHAN, groups=("counters",), help="Count of DNS responses without query")
    xact_rates = Rate(DONE, has_live=False, groups=("quantiles",), help="Rate of DNS transactions per second")

    qname_cardinality = Cardinality(
        dns.qname, DONE, path="cardinality.qname", groups=("cardinality",), help="Cardinality of unique QNAMES"
    )
    top_qname2_xacts = TopN(
        dns.qname2, DONE, label="qname", groups=("top_qnames",), help="Top QNAMES, aggregated at a depth of two labels"
    )
    top_qname3_xacts = TopN(
        dns.qname3,
        DONE,
        label="qname",
        groups=("top_qnames",),
        help="Top QNAMES, aggregated at a depth of three labels",
    )
    top_nxdomain_xacts = TopN(
        dns.qname, DONE & NXDOMAIN, label="qname", groups=("top_rcodes",), help="Top QNAMES with result code NXDOMAIN"
    )
    top_refused_xacts = TopN(
        dns.qname, DONE & REFUSED, label="qname", groups=("top_rcodes",), help="Top QNAMES with result code REFUSED"
    )
    top_srvfail_xacts = TopN(
        dns.qname, DONE & SERVFAIL, label="qname", groups=("top_rcodes",), help="Top QNAMES with result code SERVFAIL"
    )
    top_nodata_xacts = TopN(
        dns.qname,
        DONE & NODATA,
        label="qname",
        groups=("top_rcodes",),
        help="Top QNAMES with result code NOERROR and no answer",
    )
    top_noerror_xacts = TopN(
        dns.qname, DONE & NOERROR, label="qname", groups=("top_rcodes",), help="Top QNAMES with result code NOERROR"
    )
    top_rcode_xacts = TopN(
        dns.rcode, DONE, label="rcode", render=rcode_name, groups=("top_rcodes",), help="Top result codes"
    )
    top_qtype_xacts = TopN(
        dns.qtype,
        DONE & dns.qname.is_present(),
        label="qtype",
        render=qtype_name,
        groups=("top_qtypes",),
        help="Top query types",
    )
    top_udp_ports_xacts = TopN(dns.port, DONE, label="port", groups=("top_ports",), help="Top client ports")
    top_response_bytes = TopN(
        dns.qname,
        DONE,
        label="qname",
        weight=dns.bytes,
        groups=("top_size",),
        help="Top QNAMES by response volume in bytes",
    )
    response_query_size_ratio = Quantiles(
        xact.size_ratio, DONE, groups=("top_size",), help="Quantiles of response size divided by query size"
    )
    xact_time_us = Quantiles(
        xact.time_us, DONE, groups=("xact_times",), help="Quantiles of transaction times, in microseconds"
    )
    xact_histogram_us = Histogram(
        xact.time_us,
        DONE,
        groups=("xact_times",),
        step_groups=("counters",),
        step_powers=ANSWER_TIMES,
        help="Histogram of transaction times, in microseconds",
    )
    top_slow_xacts = TopN(
        dns.qname,
        DONE & slower_than_before(xact.time_us, "xact_time_us"),
        label="qname",
        groups=("xact_times",),
        help="Top QNAMES in transactions slower than p90",
    )
    top_geo_loc_ecs_xacts = TopN(
        xact.question_address.place,
        DONE,
        label="geo_loc",
        groups=("top_ecs",),
        help="Top places of EDNS client subnets",
    )
    top_asn_ecs_xacts = TopN(
        xact.question_address.network,
        DONE,
        label="asn",
        groups=("top_ecs",),
        help="Top autonomous systems of EDNS client subnets",
    )
    top_ecs_xacts = TopN(xact.question_address, DONE, label="ecs", groups=("top_ecs",), help="Top EDNS client subnets")

    filtered_packets = Counter(
        # A filtered message counts once; so does the unfiltered other half of the exchange that it spoils.
        (FILTERED, PASSED & ANSWERED & ~DONE, FILTERED & DONE),
        within=ALWAYS,
        by=TOGETHER,
        groups=("counters",),
        help="Count of DNS wire packets dropped by the configured filter(s)",
    )
    observed_packets = Counter(within=EVENT, by=TOGETHER, help="Count of all DNS wire packets, before filters")
    deep_sampled_packets = Counter(
        within=SAMPLED, by=TOGETHER, help="Count of DNS wire packets that were sampled for deep inspection"
    )
    observed_pps = Rate(
        path="rates.observed_pps",
        within=EVENT,
        by=TOGETHER,
        help="Rate of DNS wire packets per second, before filters",
    )

    @classmethod
    def pairs(cls) -> Iterator[Metric]:
        yield from failing_names(Rows(DONE, LATE, Purged(QUESTION_FILTERED, 0), "transactions"), "_xacts")
        yield from slow_names(DONE)

    def keep(self) -> Condition:
        """Names and places are judged by queries, all else by responses."""
        queries = self.keep_name() & self.keep_place()
        replies = self.keep_rcode() & self.keep_answers() & self.keep_qtype()
        if self.is_of_dnstap:
            return self.keep_dnstap()
        if queries is ALWAYS and replies is ALWAYS:
            return ALWAYS
        return (QUERY & queries) | (REPLY & replies)

    def exchanges(self) -> Exchanges:
        flags = (FILTERED, CHECKING_DISABLED, dns.xact_direction == 1, dns.xact_direction == 2)
        looks_at_ecs = "top_ecs" in self.enabled
        return Exchanges(
            dns.exchange,
            dns.is_reply,
            dns.bytes,
            self.xact_ttl_ms,
            observe=EVENT & HAS_CONTENT if self.is_of_dnstap else EVENT,
            apart_by=dns.xact_direction,
            address=dns.ecs if looks_at_ecs else None,
            text=question(self.enabled),
            flags=(*flags, ECS) if looks_at_ecs else flags,
            pairing=dns.pairing,
            question=dns.question,
        )

    def purged_of(self, number: int) -> Purged:
        """Unfiltered questions of a direction (0 unknown, 1 in, 2 out) that a window's end found unanswered."""
        return Purged(QUESTION_FILTERED | QUESTION_IN | QUESTION_OUT, (0, QUESTION_IN, QUESTION_OUT)[number])

    def replacements(self) -> Mapping[str, Column]:
        if self.flag("public_suffix_list") and not self.has("only_qname_suffix"):
            return {"dns.qname2": dns.qname.tail(2), "dns.qname3": dns.qname.tail(3)}
        return {}

    def witness(self) -> str:
        return "seen"
