"""The demo in containers: its commands are ones that the programs take, and what it names is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pktvisor.cli.daemon import daemon_parser
from pktvisor.cli.hub import hub_parser

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose"
PARSERS = {"pktvisord": daemon_parser, "pktvisor-hub": hub_parser}


def read(name: str) -> Any:
    return yaml.safe_load((COMPOSE / name).read_text(encoding="utf-8"))


SERVICES = read("compose.yaml")["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "pktvisor"}


@pytest.mark.parametrize("name", OURS)
def test_a_program_takes_its_command_and_answers_to_its_name(name: str) -> None:
    program, *arguments = OURS[name]["command"]
    said = PARSERS[program]().parse_args(arguments)
    assert said.host_names == name


def test_what_is_mounted_is_there() -> None:
    sources = [volume.split(":")[0] for one in SERVICES.values() for volume in one.get("volumes", ())]
    assert sources
    assert all((COMPOSE / source).exists() for source in sources)


def test_ports_are_open_to_this_host_only() -> None:
    assert all(port.startswith("127.0.0.1:") for one in SERVICES.values() for port in one["ports"])


def test_prometheus_asks_each_program_as_ours_does() -> None:
    here, usual = read("prometheus.yml"), read("../prometheus/prometheus.yml")
    targets = [
        target for job in here["scrape_configs"] for one in job.pop("static_configs") for target in one["targets"]
    ]
    for job in usual["scrape_configs"]:
        del job["static_configs"]
    assert here == usual
    assert sorted(targets) == sorted(f"{name}:10853" for name in OURS)


def test_grafana_asks_prometheus() -> None:
    here, usual = read("datasource.yaml"), read("../grafana/provisioning/datasources/prometheus.yaml")
    assert here["datasources"][0].pop("url") == "http://prometheus:9090"
    del usual["datasources"][0]["url"]
    assert here == usual
