"""What a metric is and counts: the same words for the same, others for others."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from pktvisor.handlers.base import Handler, HandlerSettings
from pktvisor.handlers.custom import Custom
from pktvisor.handlers.dns import Dns, DnsByDirection
from pktvisor.handlers.flow import Flow
from pktvisor.handlers.net import Net
from pktvisor.policies.meaning import Meanings
from pktvisor.policies.plan import Instance, Plan


def meanings(handler: Handler, *before: Handler) -> dict[tuple[str, int | None, str], str]:
    """The meanings of a handler's metrics, by path, direction and kind; behind those before it."""
    handlers = [*before, handler]
    chain = [Instance(f"handler{at}", one, behind=at - 1 if before and at else None) for at, one in enumerate(handlers)]
    plan = Plan(chain)
    return {
        (one.metric.path, one.number, one.metric.core_kind): meaning
        for one, meaning in zip(plan.placed[-1], plan.meanings[-1], strict=True)
    }


def dns(deep_sample_rate: int = 100, **options: Any) -> Handler:
    return Dns(HandlerSettings(options=options, enable=["all"], deep_sample_rate=deep_sample_rate))


def custom(where: str = "", **metric: Any) -> str:
    settings = HandlerSettings(options={"where": where} if where else {}, metrics={"mine": metric})
    return meanings(Custom(settings))["mine", None, "counter"]


def test_another_process_finds_the_same_meanings() -> None:
    program = (
        "import json, sys; sys.path.insert(0, 'tests')\n"
        "from unit.policies.test_meaning import dns, meanings\n"
        "print(json.dumps(sorted(meanings(dns()).values())))"
    )
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, check=True, text=True)
    assert json.loads(ran.stdout) == sorted(meanings(dns()).values())


def test_a_filter_changes_what_hangs_on_it_and_nothing_else() -> None:
    plain, filtered = (
        meanings(DnsByDirection(HandlerSettings(options=options))) for options in ({}, {"only_qname": ["example.com"]})
    )
    same = {key[0] for key in plain if plain[key] == filtered[key]}
    assert {"observed_packets", "rates.observed_pps"} <= same, "events are counted before filters"
    assert "xacts" not in same


def test_sampling_changes_what_is_sampled() -> None:
    every, some = meanings(dns()), meanings(dns(deep_sample_rate=10))
    changed = {key[0] for key in every if every[key] != some[key]}
    assert {"cardinality.qname", "wire_packets.deep_samples"} <= changed
    assert "wire_packets.total" not in changed


def test_what_only_other_metrics_have_changes_nothing() -> None:
    few, all_groups = Plan([Instance("dns", Dns(HandlerSettings()))]), meanings(dns())
    for one, meaning in zip(few.placed[0], few.meanings[0], strict=True):
        assert all_groups[one.metric.path, one.number, one.metric.core_kind] == meaning


def test_what_is_kept_of_questions_for_lists_of_pairs_changes_nothing_for_others() -> None:
    plain, with_pairs = (
        meanings(DnsByDirection(HandlerSettings(enable=enable))) for enable in ([], ["failing_names", "slow_names"])
    )
    assert {key: with_pairs[key] for key in plain} == plain
    pairs = [key for key in with_pairs if key[0] == "top_failing_clients"]
    assert len({with_pairs[key] for key in pairs}) == 3, "one for each direction"


def test_exchanges_are_part_of_what_is_made_of_them() -> None:
    soon, late = meanings(dns()), meanings(dns(xact_ttl_ms=1000))
    changed = {key[0] for key in soon if soon[key] != late[key]}
    assert changed
    assert all(path.startswith("xact") for path in changed)


def test_a_handler_before_it_is_part_of_what_gets_to_it() -> None:
    alone, behind = meanings(Net(HandlerSettings())), meanings(Net(HandlerSettings()), dns(only_rcode=3))
    behind_another = meanings(Net(HandlerSettings()), dns(only_rcode=2))
    assert all(alone[key] != behind[key] for key in alone)
    assert all(behind[key] != behind_another[key] for key in alone)


def test_directions_mean_something_each() -> None:
    found = meanings(DnsByDirection(HandlerSettings(enable=["all"])))
    by_path: dict[str, set[str]] = {}
    for (path, number, _), meaning in found.items():
        if number is not None:
            by_path.setdefault(path, set()).add(meaning)
    assert by_path
    assert all(len(several) == 3 for several in by_path.values())


def test_the_order_of_conditions_makes_no_difference_and_their_constants_do() -> None:
    one = custom(counter="packet", where="ip.version == 4 and packet.bytes > 100")
    assert one == custom(counter="packet", where="packet.bytes > 100 and ip.version == 4")
    assert one == custom(counter="packet", where="packet.bytes > 100 and (ip.version == 4 and packet.bytes > 100)")
    assert one != custom(counter="packet", where="packet.bytes > 101 and ip.version == 4")
    assert one != custom(counter="packet", where="packet.bytes > 100 or ip.version == 4")
    assert custom(counter="packet", where="packet.bytes in [1, 2]") == custom(
        counter="packet", where="packet.bytes in [2, 1]"
    )


def test_a_name_is_no_part_of_a_meaning_but_of_the_identity() -> None:
    settings = [HandlerSettings(metrics={name: {"counter": "packet"}}) for name in ("a", "b")]
    plans = [Plan([Instance("x", Custom(one))]) for one in settings]
    metrics = [json.loads(plan.json)["handlers"][0]["metrics"][0] for plan in plans]
    assert metrics[0]["meaning"] == metrics[1]["meaning"]
    assert [metric["identity"]["path"] for metric in metrics] == ["a", "b"]


def test_what_it_is_kept_apart_by_is_part_of_both() -> None:
    def metric(**more: Any) -> Any:
        settings = HandlerSettings(metrics={"mine": {"counter": "packet", **more}})
        return json.loads(Plan([Instance("x", Custom(settings))]).json)["handlers"][0]["metrics"][0]

    whole, by_vlan, fewer = metric(), metric(by="vlan.id"), metric(by="vlan.id", most_groups=5)
    assert whole["identity"] != by_vlan["identity"]
    assert len({one["meaning"] for one in (whole, by_vlan, fewer)}) == 3


def chains() -> list[Plan]:
    """Plans of many kinds: with and without filters and sampling, one handler behind another, groups by another key."""
    filters: list[dict[str, Any]] = [{}, {"only_qname_suffix": ["a.test", "b.test"]}, {"exclude_noerror": True}]
    return [
        Plan(
            [
                Instance("first", Dns(HandlerSettings(enable=["all"], options=options, deep_sample_rate=rate))),
                Instance("behind", DnsByDirection(HandlerSettings(enable=["all"], deep_sample_rate=rate)), behind=0),
                Instance("same", DnsByDirection(HandlerSettings(enable=["all"], options=options))),
                Instance("flow", Flow(HandlerSettings(enable=["all"], input_type="netflow"))),
            ]
        )
        for options in filters
        for rate in (100, 10)
    ]


def test_what_was_worked_out_for_one_metric_changes_nothing_for_others() -> None:
    for plan in chains():
        specs = json.loads(json.dumps(plan._specs))  # no two parts are the same object: nothing is known of any
        alone = [[Meanings(specs).of(at, one.index) for one in placed[::7]] for at, placed in enumerate(plan.placed)]
        assert [told[::7] for told in plan.meanings] == alone
