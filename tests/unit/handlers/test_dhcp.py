from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pktvisor.errors import ConfigError
from pktvisor.handlers import handler
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.dhcp import Dhcp
from pktvisor.outputs.json import flat_document
from pktvisor.policies.summary import summarize_file
from support.dhcp_captures import (
    ACK,
    CLIENT,
    COOKED,
    COOKED_2,
    DECLINE,
    DISCOVER,
    END,
    ETHERNET,
    INFORM,
    NAK,
    OFFER,
    RELEASE,
    REQUEST,
    SERVER,
    client_says,
    datagram_v6,
    message_v4,
    option,
    option_v6,
    relayed,
    server_says,
    write_capture,
)


def test_the_time_to_live_becomes_microseconds() -> None:
    assert Dhcp(HandlerSettings()).parameters() == {"ttl_us": 5_000_000}
    assert Dhcp(HandlerSettings(options={"xact_ttl_ms": 7})).parameters() == {"ttl_us": 7_000}


def test_it_has_no_filters() -> None:
    with pytest.raises(ConfigError, match=r"^only_queries is an invalid/unsupported config or filter"):
        Dhcp(HandlerSettings(options={"only_queries": True}))


def test_its_lists_have_a_length_of_their_own() -> None:
    assert Dhcp(HandlerSettings(topn_count=3)).fixed_top


def test_a_version_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no handler 'dhcp' of version 2\.0"):
        handler("dhcp", "2.0")


SERVER_IS = option(54, bytes([192, 0, 2, 1]))
GIVEN = "192.0.2.9"


def kind(number: int) -> bytes:
    return option(53, bytes([number]))


def counted(path: Path, *packets: tuple[str, bytes], link_type: int = ETHERNET) -> tuple[Any, dict[str, int]]:
    """What the handler has of a capture, and the ledger."""
    summary = summarize_file(write_capture(path / "dhcp.pcap", packets, link_type), hosts="192.0.2.1")
    document: Any = flat_document(summary.handlers)
    return document["dhcp"], summary.ledger


def names(top: list[dict[str, Any]]) -> list[str]:
    return sorted(entry["name"] for entry in top)


def test_options_are_read_wherever_they_stand(tmp_path: Path) -> None:
    """In `file` and `sname` (option 52), in parts, with NULs behind a name, and without an end."""
    overloaded = option(52, bytes([3])) + END
    request = message_v4(overloaded, file=kind(REQUEST) + option(12, "lap"), server_name=option(12, "top\0\0") + END)
    ack = message_v4(kind(ACK), given=GIVEN)
    dhcp, ledger = counted(tmp_path, client_says(request), server_says(ack))
    assert (dhcp["wire_packets"]["request"], dhcp["wire_packets"]["ack"]) == (1, 1)
    assert names(dhcp["top_clients"]) == [f"02:00:00:00:00:05/laptop/{GIVEN}"]
    assert ledger["malformed"] == 0


@pytest.mark.parametrize("link_type", [ETHERNET, COOKED, COOKED_2])
def test_a_server_is_known_by_the_hardware_address_of_any_header_that_has_it(tmp_path: Path, link_type: int) -> None:
    offer = message_v4(kind(OFFER) + SERVER_IS + END, given=GIVEN)
    dhcp, _ = counted(tmp_path, server_says(offer), link_type=link_type)
    assert names(dhcp["top_servers"]) == ["02:00:00:00:00:09/192.0.2.1"]


def test_an_address_that_is_given_at_once_has_its_client_and_server(tmp_path: Path) -> None:
    rapid = option(80, b"")
    discover = message_v4(kind(DISCOVER) + rapid + option(12, "phone") + END)
    ack = message_v4(kind(ACK) + rapid + SERVER_IS + END, given=GIVEN)
    dhcp, _ = counted(tmp_path, client_says(discover), server_says(ack))
    assert names(dhcp["top_clients"]) == [f"02:00:00:00:00:05/phone/{GIVEN}"]
    assert names(dhcp["top_servers"]) == ["02:00:00:00:00:09/192.0.2.1"]


def test_two_clients_with_one_identifier_are_two(tmp_path: Path) -> None:
    requests = [
        message_v4(kind(REQUEST) + option(12, name) + END, hardware=hardware)
        for name, hardware in (("a", CLIENT), ("b", "020000000006"))
    ]
    acks = [
        message_v4(kind(ACK) + END, given=given, hardware=hardware)
        for given, hardware in (("192.0.2.10", CLIENT), ("192.0.2.11", "020000000006"))
    ]
    dhcp, _ = counted(tmp_path, *map(client_says, requests), *map(server_says, acks))
    assert names(dhcp["top_clients"]) == ["02:00:00:00:00:05/a/192.0.2.10", "02:00:00:00:00:06/b/192.0.2.11"]


def test_the_life_of_an_address_is_counted(tmp_path: Path) -> None:
    renewal = message_v4(kind(REQUEST) + END, has_already=GIVEN)
    dhcp, _ = counted(
        tmp_path,
        client_says(renewal, source=GIVEN, destination="192.0.2.1"),
        server_says(message_v4(kind(ACK) + END, given=GIVEN)),
        client_says(renewal, source=GIVEN),
        server_says(message_v4(kind(NAK) + END)),
        server_says(message_v4(kind(ACK) + END, given="192.0.2.99")),
        *(client_says(message_v4(kind(number) + END)) for number in (DECLINE, RELEASE, INFORM, INFORM)),
    )
    wire = dhcp["wire_packets"]
    assert {name: wire[name] for name in ("request", "renew", "rebind", "nak", "decline", "release", "inform")} == {
        "request": 2,
        "renew": 1,
        "rebind": 1,
        "nak": 1,
        "decline": 1,
        "release": 1,
        "inform": 2,
    }
    assert names(dhcp["top_clients"]) == [f"02:00:00:00:00:05/Unknown/{GIVEN}"], "the refused request has no answer"


def test_messages_behind_relays_count_as_what_they_are(tmp_path: Path) -> None:
    def says(message: bytes) -> tuple[str, bytes]:
        return SERVER, datagram_v6("2001:db8::1", "2001:db8::2", message)

    server = option_v6(2, b"\0\1")
    inner = [bytes([number]) + bytes(3) for number in (1, 4, 5, 6, 8, 9, 11)]
    answer = relayed(13, relayed(13, bytes([2]) + bytes(3) + server))
    dhcp, ledger = counted(tmp_path, *(says(relayed(12, message)) for message in inner), says(answer))
    wire = dhcp["wire_packets"]
    counters = ("solicit", "confirm", "renew_v6", "rebind_v6", "release_v6", "decline_v6", "information_request")
    assert [wire[name] for name in (*counters, "advertise")] == [1] * 8
    assert names(dhcp["top_servers"]) == ["02:00:00:00:00:09/2001:db8::1"]
    assert ledger["malformed"] == 0


def test_what_is_cut_counts_as_far_as_it_goes(tmp_path: Path) -> None:
    dhcp, ledger = counted(tmp_path, client_says(message_v4(kind(REQUEST) + option(12, "x" * 9)[:5])))
    assert dhcp["wire_packets"]["request"] == 1
    assert (ledger["dhcp.bad_options"], ledger["malformed"]) == (1, 1)
