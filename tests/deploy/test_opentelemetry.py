"""The collector's configuration holds together, and takes what agents push by default. No collector is run here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pktvisor.config.otel_options import OTEL_DEFAULTS

FILE = Path(__file__).parents[2] / "deploy" / "opentelemetry" / "collector.yml"


def config() -> Any:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def test_the_pipeline_is_made_of_what_is_configured_and_nothing_is_left_over() -> None:
    told = config()
    (pipeline,) = told["service"]["pipelines"].values()
    for part in ("receivers", "processors", "exporters"):
        assert sorted(pipeline[part]) == sorted(told[part])


def test_sums_become_cumulative_before_they_are_exported_to_prometheus() -> None:
    pipeline = config()["service"]["pipelines"]["metrics"]
    assert "deltatocumulative" in pipeline["processors"]
    assert pipeline["exporters"] == ["prometheus"]


def test_agents_push_to_the_receiver_without_being_told_where_it_is() -> None:
    endpoint = config()["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    assert endpoint.rpartition(":")[2] == str(OTEL_DEFAULTS.port)
