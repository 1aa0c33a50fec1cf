"""The stages of Alloy's configuration read the lines that agents log.

No Alloy can be had where the tests run. Its expressions are those of RE2, of which these few are read alike by Python.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pktvisor import logs
from support.log_lines import failure, written_by_agent

CONFIG = (Path(__file__).parents[2] / "deploy" / "loki" / "config.alloy").read_text(encoding="utf-8")
SELECTORS = {"text": r"^\[", "json": r"^\{"}
TIMES = {"text": "2006-01-02 15:04:05.000", "json": "2006-01-02T15:04:05.000Z07:00"}
"""Go's way to write how a time is written: by one certain time."""
OF_GO = {"2006": "%Y", "01": "%m", "02": "%d", "15": "%H", "04": "%M", "05.000": "%S.%f", "Z07:00": "%z"}


def said(key: str) -> list[str]:
    """The values of a key in the configuration, without what quotes them."""
    return [value[1:-1] for value in re.findall(rf'^ *{key} *= *(`[^`]*`|"[^"]*")$', CONFIG, re.MULTILINE)]


def as_python(format_of_go: str) -> str:
    """The same format as Python writes it."""
    return re.sub("|".join(map(re.escape, OF_GO)), lambda found: OF_GO[found.group()], format_of_go)


def test_each_form_of_the_log_has_its_stages() -> None:
    selectors = [found.replace("\\\\", "\\") for found in said("selector")]
    assert selectors == [f'{{job="pktvisor-log"}} |~ "{SELECTORS[form]}"' for form in ("json", "text")]
    assert said("format") == [TIMES["json"], TIMES["text"]]


def test_lines_of_text_have_their_time_and_level() -> None:
    (expression,) = said("expression")
    for line in (*written_by_agent("text"), failure("text")):
        assert re.search(SELECTORS["text"], line)
        found = re.match(expression, line)
        assert found is not None
        assert found["level"] in {"info", "error"}
        datetime.strptime(found["time"], as_python(TIMES["text"]))  # noqa: DTZ007 (its zone is said beside it)


def test_lines_of_json_have_their_time_and_level() -> None:
    for line in (*written_by_agent("json"), failure("json")):
        assert re.search(SELECTORS["json"], line)
        event = json.loads(line)
        assert event["level"] in {"info", "error"}
        assert datetime.strptime(event["time"], as_python(TIMES["json"])).utcoffset() == timedelta(0)  # noqa: DTZ007 (%z)


@pytest.mark.parametrize("form", logs.FORMS)
def test_a_line_begins_an_event_and_a_traceback_does_not(form: logs.Form) -> None:
    (first_line,) = said("firstline")
    assert all(re.match(first_line, line) for line in written_by_agent(form))
    first, *others = failure(form).splitlines()
    assert re.match(first_line, first)
    assert not any(re.match(first_line, line) for line in others)


def test_what_flows_where_is_there() -> None:
    components = {f"{kind}.{name}" for kind, name in re.findall(r'^([a-z_.]+) "(\w+)" \{', CONFIG, re.MULTILINE)}
    used = {
        name.rpartition(".")[0]
        for names in re.findall(r"(?:forward_to|targets) *= *\[?([\w.]+)", CONFIG)
        for name in [names]
    }
    assert used
    assert used <= components
