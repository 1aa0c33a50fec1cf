"""Vector's own language reads the lines that agents log: the program is run as it stands in the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from vrl_python import VRLRuntime

from pktvisor import logs
from support.log_lines import failure, told, written_at, written_by_agent

CONFIG = Path(__file__).parents[2] / "deploy" / "vector" / "vector.yaml"


def config() -> Any:
    return yaml.safe_load(CONFIG.read_text(encoding="utf-8"))


def parsed(line: str, zone: str = "UTC") -> Any:
    """What the transform makes of an event with this line, on a host in this time zone."""
    program = config()["transforms"]["pktvisor"]["source"]
    return VRLRuntime.run(program, {"message": line, "host": "fra1"}, zone).processed_event


@pytest.mark.parametrize("form", logs.FORMS)
def test_each_line_that_an_agent_logs_has_its_time_level_and_message(form: logs.Form) -> None:
    lines = written_by_agent(form)
    events = [parsed(line) for line in lines]
    assert [event["message"] for event in events] == [told(line) for line in lines]
    assert [event["timestamp"] for event in events] == [written_at(line) for line in lines]
    assert {event["level"] for event in events} == {"info"}
    assert {event["host"] for event in events} == {"fra1"}


@pytest.mark.parametrize("form", logs.FORMS)
def test_a_traceback_is_apart_from_the_message(form: logs.Form) -> None:
    event = parsed(failure(form))
    assert (event["level"], event["message"]) == ("error", "it can't go on")
    assert event["traceback"].splitlines()[-1] == "ValueError: what went wrong"


def test_lines_of_text_have_the_time_of_their_host_and_lines_of_json_utc() -> None:
    text = "[2026-06-26 19:12:37.042] [visor] [info] x"
    assert parsed(text, "Europe/Berlin")["timestamp"] == "2026-06-26 17:12:37.042 UTC"
    document = '{"time": "2026-06-26T19:12:37.042Z", "level": "info", "logger": "pktvisor", "message": "x"}'
    assert parsed(document, "Europe/Berlin")["timestamp"] == "2026-06-26 19:12:37.042 UTC"


def test_what_is_no_line_of_ours_is_kept_as_it_is() -> None:
    event = parsed("Segmentation fault")
    assert (event["level"], event["message"]) == ("unknown", "Segmentation fault")


def test_what_flows_where_is_there() -> None:
    document = config()
    named = {*document["sources"], *document["transforms"]}
    used = [name for part in ("transforms", "sinks") for one in document[part].values() for name in one["inputs"]]
    assert sorted(used) == sorted(named)
