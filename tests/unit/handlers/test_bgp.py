from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars
import pytest

from pktvisor.errors import ConfigError
from pktvisor.handlers import handler
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.bgp import Bgp
from pktvisor.inputs.tables import table
from pktvisor.metrics.expression_text import parse_expression
from pktvisor.metrics.expressions import bgp
from support.bgp_captures import (
    KEEPALIVE,
    NOTIFICATION,
    OPEN,
    ROUTE_REFRESH,
    UPDATE,
    message,
    segment,
    session,
    withdrawing,
    write_capture,
)
from support.measuring import Measured, Source, Wanted, measure

OPENING = message(OPEN, bytes([4, 0x5B, 0xA0, 0, 90, 192, 0, 2, 1, 8, 2, 6, 65, 4, 0, 6, 0x1A, 0x80]))
REFRESHING = message(ROUTE_REFRESH, bytes([0, 1, 0, 1]))
CEASING = message(NOTIFICATION, bytes([6, 2]))
ALIVE = message(KEEPALIVE)
EACH = OPENING + ALIVE + withdrawing(3) + REFRESHING + CEASING
ONE_OF_EACH = {"open": 1, "update": 1, "notification": 1, "keepalive": 1, "routerefresh": 1}


def measured(path: Path, frames: Sequence[bytes], options: Mapping[str, Any] | None = None) -> Measured:
    capture = write_capture(path / "session.pcap", frames)
    return measure(Source(capture), [Wanted("bgp", "bgp", settings=HandlerSettings(options=options or {}))])


def counted(path: Path, frames: Sequence[bytes], options: Mapping[str, Any] | None = None) -> dict[str, int]:
    """Give the counters that are not zero, without those of the handler's base."""
    counters = measured(path, frames, options).document()["bgp"]["bgp"]["wire_packets"]
    assert (counters["events"], counters["filtered"]) == (counters["total"], 0)
    return {name: n for name, n in counters.items() if n and name not in ("events", "deep_samples")}


def ledger(path: Path, frames: Sequence[bytes]) -> dict[str, int]:
    return measured(path, frames).report.ledger()


def test_it_has_no_filters_and_no_other_version() -> None:
    with pytest.raises(ConfigError, match=r"^only_updates is an invalid/unsupported config or filter"):
        Bgp(HandlerSettings(options={"only_updates": True}))
    with pytest.raises(ConfigError, match=r"no handler 'bgp' of version 2\.0"):
        handler("bgp", "2.0")


def test_several_messages_in_a_segment_all_count(tmp_path: Path) -> None:
    assert counted(tmp_path, session(EACH)) == {"total": 5, **ONE_OF_EACH}


@pytest.mark.parametrize("size", [1, 7, 16, 18, 19, 23])
def test_messages_over_many_segments_count_once(tmp_path: Path, size: int) -> None:
    frames = session(*(EACH[at : at + size] for at in range(0, len(EACH), size)))
    again = [frame for frame in frames for _ in range(2)]
    assert counted(tmp_path, frames) == counted(tmp_path, again) == {"total": 5, **ONE_OF_EACH}


def test_a_session_seen_from_its_middle_is_read_from_the_first_marker_on(tmp_path: Path) -> None:
    stream = withdrawing(100) + EACH
    frames = [segment(50, stream[50:200]), segment(200, stream[200:330]), segment(330, stream[330:])]
    assert counted(tmp_path, frames) == {"total": 5, **ONE_OF_EACH}
    assert ledger(tmp_path, frames)["evicted.tcp_segments"] == 2


def test_an_extended_message_counts(tmp_path: Path) -> None:
    stream = withdrawing(21_000) + ALIVE
    frames = session(*(stream[at : at + 1400] for at in range(0, len(stream), 1400)))
    assert counted(tmp_path, frames) == {"total": 2, "update": 1, "keepalive": 1}


@pytest.mark.parametrize(
    ("unreadable", "total", "reason"),
    [
        (message(9, b"some bytes"), 1, "unknown_type"),
        (message(0), 1, "unknown_type"),
        (message(UPDATE, b"\0\xff" + bytes(8)), 1, "bad_body"),
        (message(OPEN, bytes(9) + b"\x05"), 1, "bad_body"),
        (message(KEEPALIVE, b"1"), 1, "bad_length"),
        (message(UPDATE, bytes(20), length=18), 0, "bad_length"),
        (message(OPEN, bytes(20), length=5000), 0, "bad_length"),
    ],
)
def test_what_cannot_be_read_is_in_the_total_alone_and_has_a_reason(
    tmp_path: Path, unreadable: bytes, total: int, reason: str
) -> None:
    frames = session(ALIVE, unreadable + EACH)
    assert counted(tmp_path, frames) == {"total": 6 + total, **ONE_OF_EACH, "keepalive": 2}
    found = {name: n for name, n in ledger(tmp_path, frames).items() if "bgp." in name and n}
    assert found == {f"bgp.{reason}": 1}


def test_after_a_gap_reading_goes_on_at_the_next_marker(tmp_path: Path) -> None:
    stream = ALIVE + withdrawing(200) + withdrawing(300) + EACH
    frames = [*session(stream[:100]), segment(800, stream[800:])]
    assert counted(tmp_path, frames) == {"total": 6, **ONE_OF_EACH, "keepalive": 2}
    assert ledger(tmp_path, frames)["evicted.tcp_segments"] > 0


def test_bytes_that_were_not_captured_cost_their_message_alone(tmp_path: Path) -> None:
    first, second = withdrawing(100), withdrawing(200)
    frames = [*session(ALIVE), segment(19, first, missing=100), segment(19 + len(first), second + ALIVE)]
    assert counted(tmp_path, frames) == {"total": 3, "update": 1, "keepalive": 2}


def test_other_ports_can_be_named(tmp_path: Path) -> None:
    frames = session(EACH, port=1790)
    assert counted(tmp_path, frames) == {}
    assert counted(tmp_path, frames, {"bgp_ports": "179, 1790"}) == {"total": 5, **ONE_OF_EACH}
    with pytest.raises(ConfigError, match="'any' is not a port"):
        _ = Bgp(HandlerSettings(options={"bgp_ports": ["any"]})).own_ports


def test_types_have_names_in_conditions() -> None:
    assert parse_expression("bgp.type == ROUTE-REFRESH").condition.json == (bgp.type == 5).json
    assert parse_expression("bgp.type in [open, UPDATE]").condition.json == bgp.type.one_of([1, 2]).json


def test_each_message_has_a_row_with_what_it_says(tmp_path: Path) -> None:
    capture = write_capture(tmp_path / "session.pcap", session(EACH[:40], EACH[40:]))
    rows = polars.DataFrame(table(str(capture), "bgp", as_text=True))
    assert rows["bgp.type"].to_list() == ["OPEN", "KEEPALIVE", "UPDATE", "ROUTE-REFRESH", "NOTIFICATION"]
    assert rows["bgp.bytes"].sum() == len(EACH)
    opening = rows.row(0, named=True)
    assert (opening["bgp.as"], opening["bgp.hold_time_s"], opening["bgp.router_id"]) == (400_000, 90, "192.0.2.1")
    assert rows["bgp.withdrawn"].to_list() == [0, 0, 3, 0, 0]
    assert (rows["bgp.code"][4], rows["bgp.subcode"][4]) == (6, 2)
