from __future__ import annotations

import pytest

from pktvisor.api.documents import Inventory, read_policy_metrics
from pktvisor.api.faults import MissingFault, PeriodFault
from pktvisor.tui.watched import Bucket, Request
from pktvisor.tui.watched_files import WatchedFiles
from pktvisor.tui.windows import DEFAULT, WHOLE, merged
from support.documents import PACKETS, START_TS, policy_metrics

METRICS = read_policy_metrics("capture", policy_metrics("capture", packets=PACKETS))


def source() -> WatchedFiles:
    buckets = (Bucket(START_TS, START_TS + 300.0, 9, None),)
    return WatchedFiles("some.pcap", {WHOLE: METRICS, merged(2): METRICS}, Inventory(), buckets)


@pytest.mark.parametrize("window", [WHOLE, merged(2)])
def test_a_window_of_the_file(window: object) -> None:
    reading = source().read(Request(window))  # type: ignore[arg-type]
    assert reading.window == window
    assert reading.windows == (WHOLE, merged(2))
    assert not reading.is_live
    assert reading.taken_at == START_TS + 300, "the end of what the file holds"


def test_a_window_beyond_the_file_names_the_largest() -> None:
    with pytest.raises(PeriodFault) as raised:
        source().read(Request(DEFAULT))
    assert raised.value.most == 2


def test_a_policy_that_a_file_has_not() -> None:
    with pytest.raises(MissingFault, match='a file has no policy "edge"'):
        source().read(Request(WHOLE, "edge"))
