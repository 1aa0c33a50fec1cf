"""Records of a policy's windows show what the windows show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pktvisor.errors import InputError
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs import openmetrics
from pktvisor.outputs.json import policy_document
from pktvisor.policies.policy import Policy
from pktvisor.policies.records import bucket_records
from pktvisor.windows.reading import snapshots
from pktvisor.windows.record import Record
from support.records import any_record
from support.saved_windows import every_kind, fed
from unit.policies.test_restore import make


def document(read: list[HandlerSnapshot]) -> Any:
    return policy_document(read)


def records(policy: Policy, number: int = 0) -> list[Record]:
    return bucket_records(policy, number, agent="here", now_ns=0)


@pytest.mark.parametrize("capture", ["multi_window.pcap", "dns_resolver.pcap", "dhcp4.pcap", "links_vlan.pcap"])
def test_every_kind_and_group_reads_as_in_its_window(capture: str) -> None:
    for policy in (fed(every_kind(), capture), fed(make(), capture)):
        for number in range(policy.core.available()):
            read, shown = snapshots(records(policy, number)), policy.bucket(number, 0)
            assert document(read) == document(shown)
            assert openmetrics.render({"test": read}) == openmetrics.render({"test": shown})


def test_there_is_a_record_of_every_kind_and_shape() -> None:
    of_numbers = every_kind(packets={"sizes": {"top_n": "packet.bytes"}})
    every = [record for policy in map(fed, (every_kind(), make(), of_numbers)) for record in records(policy)]
    assert {record.kind for record in every} == {"counter", "last", "cardinality", "distribution", "rate", "top"}
    assert {record.shape for record in every} == {"count", "estimate", "rate", "quantiles", "histogram", "top"}
    assert {record.items for record in every} == {"", "small_number", "number", "text", "address", "place"}


def test_approximations_tell_by_how_much_they_may_be_off() -> None:
    for record in records(fed(every_kind())):
        match record.kind:
            case "cardinality":
                assert 0 < (record.relative_error or 0) < 0.02
            case "distribution" | "rate":
                assert record.relative_error == 0, "small windows are exact"
            case _:
                assert record.relative_error is None


def test_a_record_tells_what_the_input_lost() -> None:
    (record, *_) = records(fed(every_kind()))
    window = fed(every_kind()).core.read(0, 0)
    assert window is not None
    assert (record.seen, record.dropped) == (window.ledger()["seen"], 0)
    assert record.ledger == {name: count for name, count in window.ledger().items() if count}


def test_words_stand_for_numbers_as_in_the_policy() -> None:
    by_path = {record.path: record for record in records(fed(every_kind()))}
    assert by_path["codes"].words == "dns.rcode"
    assert by_path["ports"].words == ""


def test_a_kind_that_is_not_known_is_left_out_and_a_damaged_image_is_told() -> None:
    known = any_record()
    assert snapshots([replace(known, kind="of_tomorrow"), replace(known, shape="of_tomorrow")])[0].samples == ()
    with pytest.raises(InputError, match="the image of packets total can't be read: counter bytes"):
        snapshots([replace(known, image=b"")])
    with pytest.raises(InputError, match="packets total: a counter has no shape top"):
        snapshots([replace(known, shape="top")])
