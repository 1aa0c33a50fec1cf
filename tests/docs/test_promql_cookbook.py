"""Every query of the cookbook has an answer, of a real Prometheus that scrapes a real agent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from support.daemon import daemon, eventually
from support.prometheus_servers import Prometheus, needs_prometheus, prometheus_server

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "promql-cookbook.md").read_text(encoding="utf-8")
QUERIES = [
    query for row in re.findall(r"^\| .* \| (`.*`) \|$", PAGE, re.MULTILINE) for query in re.findall("`([^`]+)`", row)
]
GEO = ROOT / "tests" / "fixtures" / "geo"
AGENT = """
version: "1.0"
visor:
  taps:
    site: {input_type: mock, config: {seed: 1, packets_per_second: 3000}}
  policies:
    default:
      kind: collection
      input: {tap: site, input_type: mock}
      handlers: {modules: {net: {type: net}, dns: {type: dns}, flow: {type: flow}}}
"""
PROMETHEUS = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: pktvisor
    metrics_path: /api/v1/policies/__all/metrics/prometheus
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
pytestmark = needs_prometheus


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("cookbook")
    (folder / "agent.yaml").write_text(AGENT)
    databases = ("--geo-city", str(GEO / "city.mmdb"), "--geo-asn", str(GEO / "asn.mmdb"))
    with (
        daemon("--config", str(folder / "agent.yaml"), "--window-length", "2", *databases) as agent,
        prometheus_server(folder, PROMETHEUS.format(port=agent.port)) as server,
    ):
        server.wait_until_scraped()
        yield server


def has_numbers(server: Prometheus, query: str) -> bool:
    values = server.series(query).values()
    return bool(values) and all(value == value for value in values)  # NaN is not itself


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_has_an_answer(server: Prometheus, query: str) -> None:
    # A Prometheus that is a minute old knows nothing of yesterday.
    eventually(partial(has_numbers, server, query.replace("offset 1d", "offset 1s")))


def test_every_row_of_the_page_has_a_query() -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith("| ") and row != "| Question | Query |"]
    assert len(QUERIES) >= len(rows) > 30
