from __future__ import annotations

import pytest

from pktvisor.api.documents import read_policy_metrics
from pktvisor.tui.lines import Role, plain, width
from pktvisor.tui.units import Units
from pktvisor.tui.views.header import Item, fitting, header_lines
from support.documents import DHCP, DNS, PACKETS, PCAP, Document, policy_metrics


def texts(cells: int = 300, units: Units | None = None, **schemas: Document) -> list[str]:
    metrics = read_policy_metrics("p", policy_metrics("p", **schemas))
    return [plain(line).strip() for line in header_lines(metrics, units or Units(), cells)]


def test_the_six_lines_of_the_original() -> None:
    assert [line.split(" │ ") for line in texts(packets=PACKETS, dns=DNS, dhcp=DHCP, pcap=PCAP)] == [
        "Pkts 48,000|UDP 80.9%|TCP 18.8%|Other 0.3%|IPv4 93.8%|IPv6 6.0%|In 41.7%|Out 58.3%|Deep Samples 100.0%".split(
            "|"
        ),
        [
            "Pkt Rates Total 181/s 170/240/260/420 pps",
            "In 73/s 70/100/120/210 pps",
            "Out 108/s 100/140/150/230 pps",
            "Volume 202 kbit/s",
            "IP Card. In 1,377",
            "IP Card. Out 412",
            "OS Drops 12",
            "IF Drops 0",
            "TCP Errors 3",
        ],
        "DHCP Wire Pkts 16/16|Rates Total 0/s 0/1/1/3 pps|Discover 25.0%|Offer 25.0%|Request 25.0%|Ack 25.0%".split(
            "|"
        ),
        [
            "DNS Wire Pkts 31,400/31,400",
            "Rates Total 121/s 110/170/190/300 pps",
            *"UDP 98.7%|TCP 1.3%|IPv4 92.4%|IPv6 7.6%|Query 52.3%|Response 47.7%".split("|"),
        ],
        [
            *"DNS Xacts 14,960|Timed Out 1,406|In 66.2%|Out 33.8%".split("|"),
            "In Time 0.3/0.9/2.1/9.8 ms",
            "Out Time 18.0/61.0/120.0/840.0 ms",
            "Qname Card. 8,412",
        ],
        "DNS NOERROR 92.3%|SRVFAIL 0.5%|NXDOMAIN 7.0%|REFUSED 0.1%|NODATA 2.2%".split("|"),
    ]


WITHOUT_HOSTS = {
    "dns": {
        "wire_packets": {"total": 144, "events": 144, "replies": 66, "srvfail": 1, "refused": 20, "nxdomain": 4},
        "xact": {
            "counts": {"total": 66, "timed_out": 2},
            "in": {"total": 0},
            "out": {"total": 0},
            "quantiles_us": {"p50": 100, "p90": 400, "p95": 700, "p99": 2500},
        },
    },
    "packets": {"total": 211, "in": 0, "out": 0, "cardinality": {"src_ips_in": 0, "dst_ips_out": 0, "ips": 19}},
}


def test_where_no_host_is_known_times_and_addresses_are_told_without_directions() -> None:
    metrics = read_policy_metrics("p", policy_metrics("p", **WITHOUT_HOSTS))
    lines = [plain(line).strip() for line in header_lines(metrics, Units(), 300)]
    assert "IP Card. 19" in lines[1]
    assert "Timed Out 2 │ Time 0.1/0.4/0.7/2.5 ms" in lines[3]
    assert not [line for line in lines if " In " in line or " Out " in line.replace("Timed Out ", "")]


def test_where_it_is_tight_each_kind_of_handler_that_saw_anything_has_one_line() -> None:
    metrics = read_policy_metrics("p", policy_metrics("p", dhcp={"wire_packets": {"total": 0}}, **WITHOUT_HOSTS))
    packets, dns = (plain(line).strip() for line in header_lines(metrics, Units(), 80, is_tight=True))
    assert packets.startswith("Pkts 211")
    assert dns.startswith("DNS 144/144 │ Timed Out 2 │ SRVFAIL 1.5% │ NXDOMAIN 6.1% │ REFUSED 30.3%")


def test_a_tight_line_takes_nothing_from_another_kind_of_handler() -> None:
    metrics = read_policy_metrics("p", policy_metrics("p", dns=DNS))
    (line,) = header_lines(metrics, Units(), 80, is_tight=True)
    assert plain(line).strip().startswith("DNS 31,400/31,400")


def test_failures_are_coloured_by_how_many_there_are() -> None:
    metrics = read_policy_metrics("p", policy_metrics("p", **WITHOUT_HOSTS))
    roles = {text: role for line in header_lines(metrics, Units(), 300) for text, role in line}
    assert (roles["2"], roles["1.5%"], roles["30.3%"]) == (Role.WARNING, Role.WARNING, Role.BAD)


def test_counts_as_they_are() -> None:
    line = texts(units=Units(is_percent=False), packets=PACKETS)[0]
    assert line.startswith("Pkts 48,000 │ UDP 38,850 │ TCP 9,000")


def test_handlers_that_are_not_there_have_no_line() -> None:
    assert [line.split()[0] for line in texts(dhcp=DHCP)] == ["DHCP"]
    assert texts() == []


def test_nothing_counted_yet() -> None:
    lines = texts(packets={"total": 0, "in": 0, "out": 0}, dns={"wire_packets": {"total": 0, "events": 0}})
    assert lines[0].startswith("Pkts 0 │ UDP - │")
    assert "In 0.0%" in lines[0]


@pytest.mark.parametrize("cells", [20, 40, 60, 80, 120])
def test_what_does_not_fit_is_left_out_by_rank(cells: int) -> None:
    metrics = read_policy_metrics("p", policy_metrics("p", packets=PACKETS, dns=DNS, dhcp=DHCP, pcap=PCAP))
    for line in header_lines(metrics, Units(), cells):
        assert width(line) <= cells or plain(line).count("│") == 0


def test_rank_and_place_say_what_goes_first() -> None:
    items = [Item("A", "1", 0), Item("B", "2", 2), Item("C", "3", 1), Item("D", "4", 2)]
    kept = [plain(fitting(items, cells)).strip() for cells in (40, 20, 14, 7)]
    assert kept == ["A 1 │ B 2 │ C 3 │ D 4", "A 1 │ B 2 │ C 3", "A 1 │ C 3", "A 1"]


def test_drops_stay_in_sight_and_are_marked() -> None:
    metrics = read_policy_metrics("p", policy_metrics("p", packets=PACKETS, pcap=PCAP))
    pieces = header_lines(metrics, Units(), 80)[1]
    assert ("12", Role.BAD) in pieces
    calm = read_policy_metrics("p", policy_metrics("p", packets=PACKETS, pcap={**PCAP, "os_drops": 0}))
    assert ("0", Role.VALUE) in header_lines(calm, Units(), 200)[1]
