from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from pktvisor.handlers import handlers
from pktvisor.handlers.base import WINDOW_OPTIONS, Handler
from pktvisor.policies.instances import LENGTH
from support.scenarios import Scenario, answers, as_text, metric, scenarios
from support.tshark import agrees

EVERY_SCENARIO = list(scenarios())
UNSAMPLED = [one for one in EVERY_SCENARIO if all(module.settings.deep_sample_rate >= 100 for module in one.modules)]
"""Workers draw apart from each other, so that a sample depends on their number."""
REWRITE = "`make golden` writes the expectations anew; read what changed before you commit it"


COVERED_HANDLERS = [
    handlers()[key]
    for key in [
        ("net", "1.0"),
        ("net", "2.0"),
        ("dns", "1.0"),
        ("dns", "2.0"),
        ("dhcp", "1.0"),
        ("pcap", "1.0"),
        ("flow", "1.0"),
    ]
]


def places(by_window: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for window, modules in by_window.items():
        for module, paths in modules.items():
            for path in paths:
                yield window, module, path


def named(scenario: Scenario) -> str:
    return scenario.name


@pytest.mark.parametrize("scenario", EVERY_SCENARIO, ids=named)
def test_a_policy_gives_the_expected_documents(scenario: Scenario) -> None:
    given = answers(scenario)
    assert json.loads(as_text(given.json)) == scenario.expected(), REWRITE
    assert given.prometheus == (scenario.folder / "expected.prom").read_text(), REWRITE


@pytest.mark.parametrize("scenario", UNSAMPLED, ids=named)
def test_two_workers_give_the_same(scenario: Scenario) -> None:
    shared = replace(scenario, source=replace(scenario.source, workers=2))
    assert json.loads(as_text(answers(shared).json)) == scenario.expected()


@pytest.mark.parametrize("scenario", EVERY_SCENARIO, ids=named)
def test_what_is_expected_agrees_with_tshark(scenario: Scenario) -> None:
    expected, told = scenario.expected(), scenario.told_by_tshark()
    assert set(places(told)) == set(places(scenario.tshark)), REWRITE
    for window, module, path in places(told):
        answer, ours = told[window][module][path], metric(expected, window, module, path)
        assert agrees(answer, ours), f"{window} {module} {path}: {ours}, tshark says {answer}"


@pytest.mark.parametrize("scenario", EVERY_SCENARIO, ids=named)
def test_the_expected_prometheus_text_is_what_a_scraper_understands(scenario: Scenario) -> None:
    text = (scenario.folder / "expected.prom").read_text()
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)


@pytest.mark.parametrize("handler", COVERED_HANDLERS, ids=lambda handler: f"{handler.type} {handler.version}")
def test_every_option_and_group_of_a_handler_is_in_a_scenario(handler: type[Handler]) -> None:
    modules = [module for scenario in EVERY_SCENARIO for module in scenario.modules]
    settings = [
        module.settings for module in modules if (module.type, module.version) == (handler.type, handler.version)
    ]
    assert {option for one in settings for option in one.options} == set(handler.options)
    switched = {group for one in settings for group in (*one.enable, *one.disable)}
    assert switched >= set(handler.groups)


def test_every_option_of_windows_is_in_a_scenario() -> None:
    windows = [
        yaml.safe_load((one.folder / "policy.yaml").read_text())["handlers"].get("window_config", {})
        for one in EVERY_SCENARIO
    ]
    assert {option for window in windows for option in window} == {*WINDOW_OPTIONS, LENGTH}
