"""A real Prometheus scrapes each of our formats, and tells what it has read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pktvisor.outputs import prometheus
from pktvisor.outputs.exposition import OPENMETRICS, PROTOBUF, TEXT, Format, choose, render
from support.prometheus_servers import Prometheus, Series, needs_prometheus, prometheus_server
from support.windows import recorded_window

pytestmark = needs_prometheus

STATIC = (("instance", "pop1"),)
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: pktvisor
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
HISTOGRAM = "dns_xact_out_histogram_us"


@dataclass
class Agent:
    """Serves one window at `/metrics`, as the server does: in the format that the scraper prefers, unless told."""

    forced: Format | None = None
    port: int = 0
    answered: set[str] = field(default_factory=set)


@contextmanager
def serving(forced: Format | None) -> Iterator[Agent]:
    agent, policies = Agent(forced), {"default": recorded_window()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            chosen = agent.forced or choose(self.headers.get("Accept"))
            content_type, body = render(chosen, policies, static=STATIC, with_handler=True)
            agent.answered.add(content_type)
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.writelines(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    agent.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield agent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def scraping(agent: Agent, folder: Path, *options: str) -> Iterator[Prometheus]:
    with prometheus_server(folder, CONFIG.format(port=agent.port), *options) as scraper:
        scraper.wait_until_scraped()
        yield scraper


def expected() -> Series:
    """The series as another parser reads them from the text; to Prometheus, an empty label is none."""
    text = prometheus.render({"default": recorded_window()}, static=STATIC)
    return {
        tuple(
            sorted((label, value) for label, value in (*one.labels.items(), ("__name__", one.name)) if value)
        ): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def ours(scraper: Prometheus) -> Series:
    return scraper.series('{policy="default"}')


def test_prometheus_reads_the_text(tmp_path: Path) -> None:
    with serving(TEXT) as agent, scraping(agent, tmp_path) as scraper:
        assert ours(scraper) == expected()
        types = {one["metric"]: one["type"] for one in scraper.get("/api/v1/targets/metadata")}
    assert {types["dns_wire_packets_total"], types["dns_top_qname2"]} == {"gauge"}
    assert (types["dns_rates_total"], types[HISTOGRAM]) == ("summary", "histogram")


def test_prometheus_asks_for_openmetrics_and_reads_the_same(tmp_path: Path) -> None:
    with serving(None) as agent, scraping(agent, tmp_path) as scraper:
        found = ours(scraper)
        types = {one["metric"]: one["type"] for one in scraper.get("/api/v1/targets/metadata")}
    assert agent.answered == {OPENMETRICS.content_type}
    sums = {labels: value for labels, value in found.items() if dict(labels)["__name__"].endswith("histogram_us_sum")}
    assert sums
    assert {labels: value for labels, value in found.items() if labels not in sums} == expected()
    assert (types["dns_wire_packets_total"], types["dns_rates_total"]) == ("gauge", "summary")


def test_prometheus_asks_for_native_histograms_and_gets_them(tmp_path: Path) -> None:
    with serving(None) as agent, scraping(agent, tmp_path, "--enable-feature=native-histograms") as scraper:
        found = ours(scraper)
        median = scraper.series(f"histogram_quantile(0.5, {HISTOGRAM})")
        counts = scraper.series(f"histogram_count({HISTOGRAM})")
    assert agent.answered == {PROTOBUF.content_type}
    meant = expected()
    plain = {labels: value for labels, value in meant.items() if "_histogram_us" not in dict(labels)["__name__"]}
    natives = {labels: value for labels, value in found.items() if isinstance(value, list)}
    assert {labels: value for labels, value in found.items() if labels not in natives} == pytest.approx(plain, rel=1e-5)

    (labels, counted), *_ = counts.items()
    assert counted == meant[tuple(sorted((dict(labels) | {"__name__": f"{HISTOGRAM}_count"}).items()))]
    quantile = dict(labels) | {"__name__": "dns_xact_out_quantiles_us", "quantile": "0.5"}
    assert median[labels] == pytest.approx(meant[tuple(sorted(quantile.items()))], rel=0.02)
