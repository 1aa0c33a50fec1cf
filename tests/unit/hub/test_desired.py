"""What a hub wants of agents, and how that differs from what they tell."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pktvisor.agent.desired import Part, digest_of, hash_of, read_parts
from pktvisor.config.hub_models import AgentSelector, DesiredConfig
from pktvisor.errors import InputError
from pktvisor.hub import desired
from pktvisor.hub.desired import AgentReport, Reports, difference_of, mistakes_of_desired, parts_for, read_report
from support.written import body, file, policy

EDGE = Part("edge.yaml", file(policy()))
OTHER = Part("other.yaml", body(policy("other")))


def report(taken: tuple[Part, ...], **more: Any) -> AgentReport:
    """What an agent tells that has taken some texts."""
    found = hash_of(taken)
    policies = read_parts(taken).digests
    return replace(AgentReport(5 * 10**9, {}, found, found, policies), **more)


def differs(document: Any) -> dict[str, object]:
    return {key: document[key] for key in ("state", "missing", "extra", "changed") if document[key]}


def test_an_agent_gets_the_texts_that_its_tags_choose() -> None:
    wanted = (
        DesiredConfig("edges", AgentSelector({"role": ("edge",)}), "edge.yaml", "x"),
        DesiredConfig("all", AgentSelector(), "all.yaml", "y", is_trial=True),
    )
    assert parts_for(wanted, {"role": "edge"}) == (Part("edge.yaml", "x"), Part("all.yaml", "y", True))
    assert parts_for(wanted, {"role": "core"}) == (Part("all.yaml", "y", True),)


def test_an_agent_that_has_what_it_is_to_have_differs_in_nothing() -> None:
    assert differs(difference_of((EDGE, OTHER), report((EDGE, OTHER)))) == {"state": "as desired"}
    assert differs(difference_of((), report(()))) == {"state": "none"}
    assert differs(difference_of((), None)) == {"state": "none"}


def test_an_agent_that_never_asked_lacks_all() -> None:
    assert differs(difference_of((EDGE,), None)) == {"state": "silent", "missing": ["edge"]}


def test_what_is_missing_extra_and_changed_is_told() -> None:
    changed = Part("edge.yaml", file(policy(modules="{dns: {type: dns}}")))
    told = difference_of((changed, Part("new.yaml", body(policy("new")))), report((EDGE, OTHER)))
    assert differs(told) == {"state": "pending", "missing": ["new"], "extra": ["other"], "changed": ["edge"]}


def test_what_an_agent_refuses_is_told_with_its_reason() -> None:
    known = report((EDGE,), known=hash_of((EDGE, OTHER)), error="other.yaml:1:5: no")
    told = difference_of((EDGE, OTHER), known)
    assert differs(told) == {"state": "refused", "missing": ["other"]}
    assert told["refusal"] == "other.yaml:1:5: no"


def test_what_an_agent_has_of_its_own_is_left_out() -> None:
    told = difference_of((EDGE, OTHER), report((EDGE, OTHER), policies={}, left_out=("edge", "other")))
    assert differs(told) == {"state": "left out"}
    assert told["left_out"] == ["edge", "other"]


def test_another_release_whose_digests_differ_has_what_its_texts_say() -> None:
    assert differs(difference_of((EDGE,), report((EDGE,), policies={"edge": "other"}))) == {"state": "as desired"}


def test_texts_that_do_not_go_together_are_told_before_an_agent_asks() -> None:
    told = difference_of((EDGE, Part("again.yaml", body(policy()))), None)
    assert "edge.yaml has one of this name, too" in str(told["mistake"])


def test_a_trial_is_told_apart() -> None:
    trial = Part("new.yaml", body(policy("new")), True)
    tried = {"policies": {"added": ["new"], "changed": [], "removed": [], "unchanged": ["edge"]}}
    told = difference_of((EDGE, trial), report((EDGE,), actual=hash_of((EDGE, trial)), trial=tried))
    assert differs(told) == {"state": "as desired"}
    assert told["dry_run"] == {"texts": ["new.yaml"], **tried}


def test_texts_that_no_agent_takes_are_mistakes_of_the_hub() -> None:
    wrong = DesiredConfig("x", AgentSelector(), "x.yaml", "visor: {config: {port: 1}}")
    assert [str(one) for one in mistakes_of_desired([wrong])] == [
        "x.yaml:1:9: config: a hub gives taps and policies, and nothing else"
    ]


def test_a_report_is_read_as_it_was_told() -> None:
    (config,) = read_parts([EDGE]).config.policies
    told = {"tags": {"site": "fra"}, "known": "a", "actual": "b", "policies": {"edge": digest_of(config)}}
    tried = {"error": "no"}
    found = read_report(json.dumps({**told, "left_out": ["x"], "error": "no", "trial": tried}).encode(), 7)
    assert found == AgentReport(7, {"site": "fra"}, "a", "b", told["policies"], ("x",), "no", tried)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"tags": {"1": "x"}}',
        b'{"tags": []}',
        b'{"known": 1}',
        b'{"known": "' + b"x" * 300 + b'"}',
        b'{"policies": {"x": 1}}',
        b'{"policies": []}',
        b'{"left_out": {"x": 1}}',
        b'{"left_out": [1]}',
        b'{"error": []}',
        b'{"trial": {"policies": {"added": [[]]}}}',
        b'{"x": "' + b"x" * desired.MOST_REPORT_BYTES + b'"}',
    ],
)
def test_a_report_that_makes_no_sense_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        read_report(body, 0)


def test_reports_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desired, "MOST_REPORTS", 2)
    reports = Reports()
    for name in ("a", "b", "a", "c"):
        reports.note(name, report(()))
    assert reports.names() == ["a", "c"]
