"""What a policy tells of itself. Its windows are real; only the input is made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from pktvisor import _core, clock
from pktvisor.agent.local import AgentSettings, LocalAgent
from pktvisor.agent.policy import AgentPolicy
from pktvisor.agent.tap import Origin
from pktvisor.errors import PeriodError
from pktvisor.policies.default import default_policy, default_tap
from pktvisor.policies.instances import WindowDefaults
from pktvisor.policies.records import bucket_records
from pktvisor.policies.summary import run_file
from pktvisor.windows.record import MOST_RECORDS
from support.commands import CAPTURES
from support.live import eventually, mock_input
from support.written import TAP, body, policy

INSTANCES = ("default-default-net", "default-default-dhcp", "default-default-dns", "default-default-pcap_stats")


def filled(agent: LocalAgent, *, periods: int = 5, hosts: str = "") -> AgentPolicy:
    """The policy of the command line, having seen 126 DNS messages in 200 seconds."""
    agent.define(default_tap("eth0", hosts), Origin.COMMAND_LINE)
    made = agent.start(default_policy("udp", WindowDefaults(periods, 50)), Origin.COMMAND_LINE)
    run_file(str(CAPTURES / "multi_window.pcap"), made.parts[0].policy)
    return made


def described(agent: LocalAgent) -> dict[str, Any]:
    return filled(agent).describe()


def test_handlers_stand_in_the_policys_order(agent: LocalAgent) -> None:
    made = filled(agent)
    assert made.instances == INSTANCES
    assert tuple(snapshot.instance for snapshot in made.bucket(0)) == INSTANCES
    assert tuple(snapshot.instance for snapshot in made.window(2)) == INSTANCES
    assert made.latest() == made.bucket(1)


def test_its_windows_are_records_of_every_handler_with_the_names_of_agent_and_policy(agent: LocalAgent) -> None:
    made = filled(agent)
    bucket, window = made.bucket_records(1, "pop1"), made.window_records(4, "pop1")
    for records in (bucket, window):
        assert tuple(dict.fromkeys(record.instance for record in records)) == INSTANCES
        assert {(record.agent, record.policy, record.tap) for record in records} == {("pop1", "default", "default")}
    total = {"packets": 0, "dns": 0}
    for record in window:
        if record.path in ("total", "wire_packets.total") and record.schema in total:
            total[record.schema] = record.value or 0
    assert total == {"packets": 271, "dns": 126}
    with pytest.raises(PeriodError):
        made.bucket_records(5, "pop1")


def test_a_period_that_is_not_there_is_refused(agent: LocalAgent) -> None:
    with pytest.raises(PeriodError, match=r"specify \[0, 2\]") as caught:
        filled(agent, periods=3).bucket(3)
    assert caught.value.instance == INSTANCES[0]


def test_a_refusal_names_the_first_handler_without_the_period_and_has_what_stands_before_it(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    modules = "{long: {type: net}, short: {type: dns, config: {num_periods: 2}}}"
    agent.add_policy(body(policy(modules=modules, window="window_config: {deep_sample_rate: 100}")))
    made = agent.policies["edge"]
    for part in made.parts:
        run_file(str(CAPTURES / "multi_window.pcap"), part.policy)
    with pytest.raises(PeriodError) as caught:
        made.bucket(3)
    assert caught.value.instance == "edge-eth-short"
    assert [snapshot.instance for snapshot in caught.value.reached] == ["edge-eth-long"]


def test_handlers_tell_what_they_were_told(agent: LocalAgent) -> None:
    assert described(agent)["modules"]["default-default-net"] == {
        "module": {
            "config": {"_internal_tap_name": "default", "deep_sample_rate": 50, "num_periods": 5},
            "name": "default-default-net",
            "running": True,
            "type": "packets",
        }
    }


def test_dns_tells_of_its_transactions_and_periods(agent: LocalAgent) -> None:
    dns = described(agent)["modules"]["default-default-dns"]
    assert set(dns["dns"]) == {"predicate", "xact"}
    assert dns["metrics"]["periods_configured"] == 5
    assert dns["metrics"]["deep_sample_rate"] == 50


def test_dns_tells_whether_its_filters_choose_messages_beforehand(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    filters = {
        "plain": "{}",
        "codes": "{only_rcode: 3}",
        "names": "{only_qname: [a.test]}",
        "types": "{only_qtype: [A]}",
    }
    modules = ", ".join(f"{name}: {{type: dns, filter: {given}}}" for name, given in filters.items())
    agent.add_policy(body(policy(modules=f"{{{modules}}}")))
    told: dict[str, Any] = agent.policies["edge"].describe()["modules"]  # type: ignore[assignment]
    enabled = {name: told[f"edge-eth-{name}"]["dns"]["predicate"]["enabled"] for name in filters}
    assert enabled == {"plain": False, "codes": True, "names": True, "types": False}


def test_dns_periods_stand_newest_first(agent: LocalAgent) -> None:
    *newer, oldest = described(agent)["modules"]["default-default-dns"]["metrics"]["periods"]
    assert oldest["start_tstamp"] == "2025-06-15 15:06:40"
    assert oldest["end_tstamp"] == newer[-1]["start_tstamp"]
    assert all(period["read_only"] for period in newer)
    assert sum(period["events"]["wire_packets"]["events"] for period in (*newer, oldest)) == 126
    assert set(oldest["events"]["rates"]["rates"]) == {"events"}


def test_version_2_of_dns_names_its_base_metrics_its_own_way(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy(modules="{dns: {type: dns, require_version: '2.0'}}")))
    made = agent.policies["edge"]
    run_file(str(CAPTURES / "multi_window.pcap"), made.parts[0].policy)
    document: dict[str, Any] = made.describe()["modules"]["edge-eth-dns"]  # type: ignore[index]
    assert document["dns"] == {"xact": {"open": 0}}
    events = document["metrics"]["periods"][-1]["events"]
    assert set(events) == {"observed_packets", "deep_sampled_packets", "rates"}
    assert set(events["rates"]["rates"]) == {"observed_pps"}


def test_handlers_of_one_schema_are_merged_where_that_is_asked_for(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    two = "{a: {type: net}, b: {type: net}}"
    agent.add_policy(body(policy(modules=two, more=", config: {merge_like_handlers: true}")))
    made = agent.policies["edge"]
    run_file(str(CAPTURES / "multi_window.pcap"), made.parts[0].policy)
    (merged,) = made.bucket(0)
    assert merged.instance == "packets_merged"


def test_a_chain_hands_on_what_its_first_link_keeps() -> None:
    agent = LocalAgent(AgentSettings())
    agent.add_tap(TAP)
    chain = "[{dns: {type: dns, filter: {only_rcode: 3}}}, {net: {type: net}}]"
    agent.add_policy(body(policy(modules=chain)))
    made = agent.policies["edge"]
    run_file(str(CAPTURES / "dns_authoritative.pcap"), made.parts[0].policy)
    dns, net = made.bucket(0)
    count = {sample.path: sample.value for one in (dns, net) for sample in one.samples}
    assert count["wire_packets", "total"] != 0
    assert count["total",] == count["wire_packets", "total"]


def test_windows_last_as_long_as_the_policy_says(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy(window="window_config: {num_periods: 10, length_s: 10}")))
    made = agent.policies["edge"]
    run_file(str(CAPTURES / "multi_window.pcap"), made.parts[0].policy)
    assert made.describe()["length_s"] == 10
    lengths = [made.bucket(number)[0].length for number in range(1, 10)]
    assert set(lengths) <= {12, 13}, "packets come in bursts, every 12.5 s"
    (merged,) = made.window(10)
    assert sum(lengths) <= merged.length <= sum(lengths) + 10


def test_the_open_window_of_a_part_is_given_as_it_would_close_now(
    agent: LocalAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.define(default_tap("eth0", ""), Origin.COMMAND_LINE)
    (part,) = agent.start(default_policy("udp", WindowDefaults()), Origin.COMMAND_LINE).parts
    assert part.windows() == []
    with mock_input(part.policy):
        eventually(lambda: bool(part.windows()))
    ((number, is_closed),) = part.windows()
    assert not is_closed
    (start_ns, newest_ns), *_ = {
        (one.start_ns, one.end_ns) for one in bucket_records(part.policy, 0, agent="", now_ns=0)
    }
    monkeypatch.setattr(clock, "now_ns", lambda: newest_ns + 10**10)
    records = part.records(number, agent="pop1", most_items=384, most_records=MOST_RECORDS)
    assert records
    assert all(record.is_closed for record in records)
    assert {record.end_ns for record in records} == {newest_ns + 10**10}
    assert {record.length_s for record in records} == {(newest_ns + 10**10) // 10**9 - start_ns // 10**9}
    assert part.records(number + 1, agent="pop1", most_items=384, most_records=MOST_RECORDS) is None


def test_top_lists_of_a_part_are_cut_and_estimates_stay(agent: LocalAgent) -> None:
    (part,) = filled(agent).parts
    (number, _), *_ = part.windows()
    whole, cut = (part.records(number, agent="pop1", most_items=most, most_records=MOST_RECORDS) for most in (6144, 2))
    assert whole is not None
    assert cut is not None
    assert [record.path for record in whole] == [record.path for record in cut]
    tops = [(one, other) for one, other in zip(whole, cut, strict=True) if one.kind == "top"]
    assert any(len(one.image) > len(other.image) for one, other in tops)
    for one, other in tops:
        before, after = (_core.Metric.from_image("top", record.items, record.image).top(99) for record in (one, other))
        assert len(after) <= 2
        assert [entry[:2] for entry in after] == [entry[:2] for entry in before[: len(after)]]
    others = [(one, other) for one, other in zip(whole, cut, strict=True) if one.kind != "top"]
    assert all(one == other for one, other in others)
