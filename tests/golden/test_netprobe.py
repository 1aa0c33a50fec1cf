"""Probes of targets of each kind, and all that a policy tells of them, as it is expected."""

from __future__ import annotations

import json
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.probe_scenario import FOLDER, ProbeAnswers, probe_answers
from support.scenarios import as_text

REWRITE = "`make golden` writes the expectations anew; read what changed before you commit it"


@pytest.fixture(scope="module")
def answers() -> ProbeAnswers:
    return probe_answers()


def test_the_document_is_the_expected_one(answers: ProbeAnswers) -> None:
    assert json.loads(as_text(answers.json)) == json.loads((FOLDER / "expected.json").read_bytes()), REWRITE


def test_the_prometheus_text_is_the_expected_one(answers: ProbeAnswers) -> None:
    text = (FOLDER / "expected.prom").read_text()
    assert answers.prometheus == text, REWRITE
    assert list(text_string_to_metric_families(text))


def test_each_kind_of_target_has_its_own_outcome() -> None:
    (module,) = json.loads((FOLDER / "expected.json").read_bytes()).values()
    targets: dict[str, Any] = module["netprobe"]["targets"]
    outcomes = {name: {key for key, value in told.items() if value} for name, told in targets.items()}
    assert outcomes == {
        "open": {"attempts", "successes"},
        "closed": {"attempts", "connect_failures"},
        "full": {"attempts", "packets_timeout"},
        "a name": {"dns_lookup_failures"},
    }
