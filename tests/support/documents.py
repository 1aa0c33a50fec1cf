"""An agent's documents made by hand, as its REST routes give them."""

from __future__ import annotations

from typing import Any

START_TS = 1_700_000_000
PERIOD = {"length": 275, "start_ts": START_TS}

Document = dict[str, Any]


def top(**estimates: int) -> list[Document]:
    """A top list; `__` in a name stands for a dot."""
    return [{"estimate": count, "name": name.replace("__", ".")} for name, count in estimates.items()]


def quantiles(p50: float, p90: float, p95: float, p99: float, live: float | None = None) -> Document:
    values: Document = {"p50": p50, "p90": p90, "p95": p95, "p99": p99}
    return values if live is None else {"live": live, **values}


ADDRESSES = top(
    **{f"192__0__2__{number}": 9000 - number * 700 for number in range(1, 11)},
)

PACKETS: Document = {
    "cardinality": {"dst_ips_out": 412, "src_ips_in": 1377},
    "deep_samples": 48_000,
    "events": 48_000,
    "filtered": 0,
    "in": 20_000,
    "ipv4": 45_000,
    "ipv6": 2_900,
    "other_l4": 150,
    "out": 28_000,
    "payload_size": quantiles(90, 512, 1180, 1480),
    "period": PERIOD,
    "protocol": {"tcp": {"syn": 2_111}},
    "rates": {
        "bytes_in": quantiles(8_000, 16_000, 20_000, 31_000, 9_100),
        "bytes_out": quantiles(18_000, 26_000, 30_000, 51_000, 16_100),
        "bytes_total": quantiles(26_000, 42_000, 50_000, 82_000, 25_200),
        "pps_events": quantiles(170, 240, 260, 420, 181),
        "pps_in": quantiles(70, 100, 120, 210, 73),
        "pps_out": quantiles(100, 140, 150, 230, 108),
        "pps_total": quantiles(170, 240, 260, 420, 181),
    },
    "tcp": 9_000,
    "top_ASN": top(**{"64496/Example_Net": 21_000, "64497/Another": 4_000}),
    "top_geoLoc": [
        {"estimate": 18_000, "lat": "48.85", "lon": "2.35", "name": "EU/France/Paris"},
        {"estimate": 2_000, "name": "Unknown"},
    ],
    "top_ipv4": ADDRESSES,
    "top_ipv6": top(**{"2001:db8::53": 1_900, "2001:db8:0:1:2:3:4:5": 800}),
    "total": 48_000,
    "udp": 38_850,
    "unknown_dir": 0,
}

DNS: Document = {
    "cardinality": {"qname": 8_412},
    "period": PERIOD,
    "rates": {"events": quantiles(110, 170, 190, 300, 121), "total": quantiles(110, 170, 190, 300, 121)},
    "top_nodata": top(www__example__net=310, mail__example__org=12),
    "top_nxdomain": top(wpad__example__com=740, missing__example__com=120, _ldap__example__com=7),
    "top_qname2": top(
        __example__com=14_100,
        __example__net=9_000,
        __example__org=4_400,
        __co__uk=900,
        **{"": 120, "in-addr__arpa": 99},
    ),
    "top_qname3": top(
        www__example__com=9_100,
        api__example__com=4_050,
        cdn__example__net=3_300,
        averyveryverylongname__withmanyletters__example__org=1_200,
        mail__example__org=800,
        login__example__com=640,
        static__example__net=410,
        ns1__example__net=300,
        ns2__example__net=290,
        img__example__com=120,
    ),
    "top_qtype": top(A=17_000, AAAA=11_900, HTTPS=1_400, MX=600, TXT=350),
    "top_rcode": top(NOERROR=13_820, NXDOMAIN=1_050, SRVFAIL=81, REFUSED=20),
    "top_refused": top(version__bind=20),
    "top_srvfail": top(broken__example__org=81),
    "top_udp_ports": top(**{"53211": 90, "40001": 88, "61234": 61}),
    "wire_packets": {
        "deep_samples": 31_400,
        "events": 31_400,
        "filtered": 0,
        "ipv4": 29_000,
        "ipv6": 2_400,
        "nodata": 322,
        "noerror": 13_820,
        "nxdomain": 1_050,
        "queries": 16_429,
        "refused": 20,
        "replies": 14_971,
        "srvfail": 81,
        "tcp": 400,
        "total": 31_400,
        "udp": 31_000,
    },
    "xact": {
        "counts": {"timed_out": 1_406, "total": 14_960},
        "in": {
            "quantiles_us": quantiles(310, 900, 2_100, 9_800),
            "top_slow": top(slow__example__com=9),
            "total": 9_900,
        },
        "out": {
            "histogram_us": {"buckets": {"100": 10.0, "1000": 4_000.0, "10000": 5_000.0, "+Inf": 5_060.0}},
            "quantiles_us": quantiles(18_000, 61_000, 120_000, 840_000),
            "top_slow": top(far__example__org=31),
            "total": 5_060,
        },
        "ratio": {"quantiles": quantiles(1.5, 4.25, 8, 22.75)},
    },
}

DHCP: Document = {
    "period": PERIOD,
    "rates": {"events": quantiles(0, 1, 1, 3, 0), "total": quantiles(0, 1, 1, 3, 0)},
    "top_clients": top(**{"02:00:00:00:00:01/laptop/192.0.2.77": 3}),
    "top_servers": top(**{"02:00:00:00:00:fe/192.0.2.1": 4}),
    "wire_packets": {
        "ack": 4,
        "advertise": 0,
        "deep_samples": 16,
        "discover": 4,
        "events": 16,
        "filtered": 0,
        "offer": 4,
        "reply": 0,
        "request": 4,
        "request_v6": 0,
        "solicit": 0,
        "total": 16,
    },
}

PCAP: Document = {"if_drops": 0, "os_drops": 12, "period": PERIOD, "tcp_reassembly_errors": 3}


def dns_direction(scale: int) -> Document:
    """What dns 2.0 says of a direction."""
    return {
        "cardinality": {"qname": 40 * scale},
        "ipv4_xacts": 90 * scale,
        "ipv6_xacts": 10 * scale,
        "noerror_xacts": 92 * scale,
        "nodata_xacts": 2 * scale,
        "nxdomain_xacts": 6 * scale,
        "orphan_responses": scale,
        "refused_xacts": 0,
        "srvfail_xacts": 2 * scale,
        "tcp_xacts": 3 * scale,
        "timeout_queries": scale,
        "top_nxdomain_xacts": top(wpad__example__com=6 * scale),
        "top_qname2_xacts": top(__example__com=70 * scale, __example__net=30 * scale),
        "top_qtype_xacts": top(A=60 * scale, AAAA=40 * scale),
        "top_slow_xacts": top(slow__example__com=scale),
        "udp_xacts": 97 * scale,
        "xact_histogram_us": {"buckets": {"100": 10.0, "1000": 90.0 * scale, "+Inf": 100.0 * scale}},
        "xact_rates": quantiles(1, 2, 3, 4 * scale),
        "xact_time_us": quantiles(300, 900, 2_000, 11_000 * scale),
        "xacts": 100 * scale,
    }


DNS_2: Document = {
    "deep_sampled_packets": 640,
    "filtered_packets": 0,
    "in": dns_direction(2),
    "observed_packets": 640,
    "out": dns_direction(1),
    "period": PERIOD,
    "rates": {"observed_pps": quantiles(2, 4, 5, 9, 3)},
}


def net_direction(scale: int) -> Document:
    """What net 2.0 says of a direction."""
    return {
        "cardinality": {"ips": 11 * scale},
        "ipv4_packets": 950 * scale,
        "ipv6_packets": 50 * scale,
        "other_l4_packets": 0,
        "payload_size_bytes": quantiles(90, 500, 1_200, 1_480),
        "rates": {"bps": quantiles(900, 1_800, 2_100, 9_000, 1_000), "pps": quantiles(9, 18, 21, 90, 10)},
        "tcp": {"syn_packets": 12 * scale},
        "tcp_packets": 300 * scale,
        "top_asn_packets": top(**{"64496/Example": 700 * scale}),
        "top_geo_loc_packets": top(**{"EU/France/Paris": 700 * scale}),
        "top_ipv4_packets": top(**{"192.0.2.1": 500 * scale, "192.0.2.2": 450 * scale}),
        "top_ipv6_packets": top(**{"2001:db8::1": 50 * scale}),
        "total_packets": 1_000 * scale,
        "udp_packets": 700 * scale,
    }


NET_2: Document = {
    "deep_sampled_packets": 6_000,
    "filtered_packets": 0,
    "in": net_direction(1),
    "observed_packets": 6_000,
    "out": net_direction(2),
    "period": PERIOD,
    "rates": {"observed_pps": quantiles(20, 40, 50, 90, 33)},
    "unknown": net_direction(3),
}


def flow_interface(scale: int) -> Document:
    """What flow says of an interface, in part."""
    return {
        "cardinality": {"conversations": 4 * scale, "src_ips_in": 2 * scale},
        "in_bytes": 81_720 * scale,
        "in_packets": 133 * scale,
        "out_bytes": 11_720 * scale,
        "out_packets": 93 * scale,
        "top_conversations_bytes": top(**{"192.0.2.1:https/198.51.100.9:40000": 61_000 * scale}),
        "top_in_dscp_packets": top(CS0=100 * scale, EF=33 * scale),
    }


FLOW: Document = {
    "devices": {
        "192.0.2.250": {
            "interfaces": {"1": flow_interface(1), "2": flow_interface(3)},
            "records_filtered": 0,
            "records_flows": 231,
            "top_in_interfaces_bytes": top(**{"1": 81_720, "2": 245_160}),
        }
    },
    "period": PERIOD,
}

NETPROBE: Document = {
    "period": PERIOD,
    "targets": {
        name: {
            "attempts": 60,
            "connect_failures": 0,
            "packets_timeout": failures,
            "response_histogram_us": {"buckets": {"100": 5.0, "1000": 50.0, "+Inf": 60.0}},
            "response_max_us": 4_521,
            "response_min_us": 92,
            "successes": 60 - failures,
        }
        for name, failures in (("gateway", 0), ("resolver", 4))
    },
}

BGP: Document = {
    "period": PERIOD,
    "rates": {"events": quantiles(0, 1, 1, 2, 0), "total": quantiles(0, 1, 1, 2, 0)},
    "wire_packets": {
        "deep_samples": 9,
        "events": 9,
        "filtered": 0,
        "keepalive": 3,
        "notification": 0,
        "open": 2,
        "routerefresh": 0,
        "total": 9,
        "update": 4,
    },
}

UNKNOWN: Document = {
    "period": PERIOD,
    "tally": 7,
    "is_new": True,
    "deep": {"deeper": {"deepest": 3}},
    "note": "no number",
    "top_things": top(**{"one\x1b[31m": 5, "two": 4}),
}

RESOURCES: Document = {
    "cpu_usage": quantiles(1.25, 2.5, 3.0, 9.75),
    "deep_samples": 55,
    "event_rate": quantiles(0, 1, 1, 1, 0),
    "handler_count": 4,
    "memory_bytes": quantiles(61_000_000, 62_000_000, 62_500_000, 63_000_000),
    "period": PERIOD,
    "policy_count": 1,
    "total": 55,
}

LEDGER: Document = {
    "seen": 50_012,
    "decoded": 47_900,
    "filtered": 2_000,
    "malformed_dns_name": 100,
    "dropped_kernel": 12,
}


def policy_metrics(policy: str, **schemas: Document) -> Document:
    """A policy's window: handlers named by their schemas. `dns_2` and `net_2` are of schema `dns` and `net`."""
    return {
        policy: {
            f"{policy}-tap-{name}": {name.removesuffix("_2"): document} for name, document in sorted(schemas.items())
        }
    }


def policy_info(name: str, types: list[str], *, periods: int = 5, ledger: Document | None = None) -> Document:
    """What `GET /api/v1/policies` says of a policy on one tap."""
    config = {"bpf": "", "host_spec": "192.0.2.0/24", "iface": "eth0"}
    stream: Document = {
        "input": {"consumers": len(types), "running": True},
        "module": {"config": config, "name": "tap-1234"},
        "pcap": {"available_iface": "eth0,lo", "host_ips": {"ipv4": ["192.0.2.0/24"]}, "pcap_source": "af_packet"},
    }
    if ledger is not None:
        stream["ledger"] = ledger
    modules = {
        f"{name}-tap-{kind}": {
            "module": {
                "config": {"_internal_tap_name": "tap", "deep_sample_rate": 100, "num_periods": periods},
                "name": f"{name}-tap-{kind}",
                "running": True,
                "type": kind,
            },
            **({"dns": {"xact": {"open": 38}}} if kind == "dns" else {}),
        }
        for kind in types
    }
    return {"input": {"tap-1234": stream}, "modules": modules, "taps": {"tap": tap_info()}}


def tap_info() -> Document:
    """What `GET /api/v1/taps` says of a tap."""
    return {
        "config": {"host_spec": "192.0.2.0/24", "iface": "eth0"},
        "input_type": "pcap",
        "interface": "visor.module.input/1.0",
        "tags": {"site": "ams"},
    }
