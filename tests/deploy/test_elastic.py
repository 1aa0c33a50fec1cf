"""What Telegraf makes of an agent's JSON: the fields that dashboards of the C++ pktvisor ask Elasticsearch for.

No Telegraf can be had where the tests run. Its JSON parser joins the keys of a value's path with `_` and numbers the
items of lists; what it does by the keys of `telegraf.conf` is done here by the same keys.
"""

from __future__ import annotations

import fnmatch
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.daemon import eventually
from support.mock_agents import WINDOW_S, mock_agent

ELASTIC = Path(__file__).parents[2] / "deploy" / "elastic"
SECONDS_OF_CLOCK = 1.0e9
LISTS = (
    *(f"dns_{name}" for name in ("top_qname2", "top_qname3", "top_srvfail", "top_refused", "top_nxdomain")),
    *(f"dns_{name}" for name in ("top_qtype", "top_rcode", "top_udp_ports")),
    *(f"dns_xact_{side}_top_slow" for side in ("in", "out")),
    *(f"packets_{name}" for name in ("top_ipv4", "top_ipv6", "top_geoLoc", "top_ASN")),
)
NUMBERS = (
    *(f"packets_rates_pps_{side}_{rank}" for side in ("in", "out") for rank in ("p50", "p95", "p99")),
    *(f"packets_{name}" for name in ("tcp", "udp", "ipv4", "ipv6", "deep_samples", "cardinality_src_ips_in")),
    *(f"dns_wire_packets_{name}" for name in ("queries", "replies", "tcp", "udp", "ipv4", "ipv6")),
    *(f"dns_wire_packets_{name}" for name in ("nxdomain", "srvfail", "refused")),
    *(f"dns_xact_{side}_quantiles_us_{rank}" for side in ("in", "out") for rank in ("p50", "p90", "p95", "p99")),
    *(f"dns_xact_{side}_total" for side in ("in", "out")),
    "dns_cardinality_qname",
)
SHOWN_ITEMS = 3
"""Of each list the dashboard shows so many."""


def telegraf() -> Any:
    return tomllib.loads((ELASTIC / "telegraf.conf").read_text(encoding="utf-8"))


def asked() -> Any:
    (http,) = telegraf()["inputs"]["http"]
    return http


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the agent answers to what Telegraf asks it, once every list of a window has items."""
    (url,) = asked()["urls"]
    with mock_agent(tmp_path_factory.mktemp("agent")) as agent:
        path = url.removeprefix("http://127.0.0.1:10853")

        def is_full() -> bool:
            status, body = agent.request("GET", path)
            found = json.loads(body)["1m"] if status == 200 else None
            return bool(found) and set(wanted()) <= set(fields(found))

        eventually(is_full)
        return agent.get(path)


def wanted() -> Iterator[str]:
    """The fields of the dashboard."""
    yield from NUMBERS
    for name in LISTS:
        for place in range(SHOWN_ITEMS):
            yield f"{name}_{place}_name"
            yield f"{name}_{place}_estimate"


def flattened(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    """Every number and text by its path, as Telegraf's parser finds them."""
    match value:
        case dict():
            for key, below in value.items():
                yield from flattened(below, (*path, key))
        case list():
            for place, below in enumerate(value):
                yield from flattened(below, (*path, str(place)))
        case _:
            yield "_".join(path), value


def fields(document: object) -> dict[str, object]:
    """The fields that Telegraf keeps, by the keys of its configuration."""
    texts, left_out = asked()["json_string_fields"], asked()["fieldexclude"]
    return {
        name: value
        for name, value in flattened(document)
        if not any(fnmatch.fnmatchcase(name, one) for one in left_out)
        and (not isinstance(value, str) or any(fnmatch.fnmatchcase(name, one) for one in texts))
    }


def test_the_fields_of_the_dashboard_are_there(minute: Any) -> None:
    found = fields(minute[asked()["json_query"]])
    for name in wanted():
        assert isinstance(found[name], str if name.endswith("_name") else int | float), name


def test_the_time_of_a_document_is_that_of_the_window(minute: Any) -> None:
    found = fields(minute[asked()["json_query"]])
    assert asked()["json_time_format"] == "unix"
    assert int(str(found[asked()["json_time_key"]])) > SECONDS_OF_CLOCK
    assert found["period_length"] == WINDOW_S


def test_a_document_fits_into_the_index(minute: Any) -> None:
    template = json.loads((ELASTIC / "index-template.json").read_text(encoding="utf-8"))
    limit = template["template"]["settings"]["index"]["mapping"]["total_fields"]["limit"]
    assert len(fields(minute[asked()["json_query"]])) < limit / 2


def test_documents_go_where_the_template_applies() -> None:
    template = json.loads((ELASTIC / "index-template.json").read_text(encoding="utf-8"))
    (output,) = telegraf()["outputs"]["elasticsearch"]
    (pattern,) = template["index_patterns"]
    assert fnmatch.fnmatchcase(output["index_name"], pattern)
    assert output["manage_template"] is False
