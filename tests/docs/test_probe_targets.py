"""The page about probes says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from pktvisor.agent.checking import check_agent
from pktvisor.config.schema import load_config
from pktvisor.handlers.netprobe import Netprobe
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.netprobe import NetprobeInput

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "probe-targets.md").read_text(encoding="utf-8")
AGENT, MODULES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_an_agent_takes_the_configuration_on_the_page() -> None:
    config = load_config(AGENT)
    assert config.warnings == ()
    assert check_agent(config).mistakes == []


def test_an_agent_takes_the_metrics_on_the_page() -> None:
    whole = yaml.safe_load(AGENT)
    for policy in whole["visor"]["policies"].values():
        policy.update(yaml.safe_load(MODULES))
    assert check_agent(load_config(yaml.safe_dump(whole))).mistakes == []


def test_every_metric_is_on_the_page() -> None:
    section = PAGE.partition("## What is counted")[2].partition("\n## ")[0]
    assert {name for name in Netprobe.declared() if f"`{name}`" not in section} == set()


def test_every_entry_of_the_ledger_is_on_the_page() -> None:
    source = NetprobeInput({"test_type": "tcp", "targets": {"one": {"target": "127.0.0.1", "port": 7}}}, Defaults())
    source.start([])
    source.stop()
    entries = [name for name in source.ledger() if name.startswith("probes.")]
    assert entries
    assert [name for name in entries if f"`{name}`" not in PAGE] == []
