"""The page about hubs says what is so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from pktvisor.agent.checking import check_agent
from pktvisor.cli.daemon import daemon_parser
from pktvisor.config import tags
from pktvisor.config.daemon_options import DECLARED, DaemonOptions, check_options, resolve
from pktvisor.config.schema import load_config
from pktvisor.outputs.hub_body import Identity
from pktvisor.outputs.hub_push import FIRST_DELAY_SECONDS, HubPusher
from pktvisor.outputs.hub_spool import Spool
from pktvisor.outputs.hub_transports.http import UNACCEPTABLE
from support.hub_receiver import NoHub

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "send-to-a-hub.md").read_text(encoding="utf-8")
(AGENT,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_an_agent_takes_the_configuration_on_the_page() -> None:
    config = load_config(AGENT)
    assert config.warnings == ()
    assert [*check_options(config.options), *check_agent(config).mistakes] == []
    assert resolve({}, config.options).tags == (("role", "edge"), ("site", "fra"))


def test_an_agent_takes_the_command_on_the_page() -> None:
    (line,) = re.findall(r"^    pktvisord (.*)$", PAGE, re.MULTILINE)
    options = resolve(vars(daemon_parser().parse_args(shlex.split(line))), {})
    assert options.hub is not None
    assert options.tags == (("role", "edge"), ("site", "fra"))


def test_the_variable_on_the_page_is_read() -> None:
    name, _, value = re.findall(r"`(PKTVISOR_TAGS)(=)([^`]*)`", PAGE)[0]
    assert resolve({}, {}, {name: value}).tags == (("role", "edge"), ("site", "fra"))
    assert f"at most {tags.MOST_TAGS} tags" in " ".join(PAGE.split())


def test_every_option_is_on_the_page_with_its_default() -> None:
    for name in DECLARED:
        if name.startswith("hub"):
            assert f"`--{name.replace('_', '-')}`" in PAGE, name
            assert f"`{name}`" in PAGE, name
    defaults = DaemonOptions()
    for name in ("hub_spool_mb", "hub_top_items"):
        assert f"`{name}` | {getattr(defaults, name)} |" in PAGE


def test_every_counter_is_on_the_page() -> None:
    spool = Spool(None, most_bytes=1)
    pusher = HubPusher(
        dict, spool, NoHub(), Identity("a", "b", "c"), lambda *_: b"", most_items=1, windows_outlive=False
    )
    for name in pusher.counters():
        assert f"`{name}`" in PAGE.partition("## See what became of windows")[2], name
    for key in Identity("a", "b", "c").metadata():
        assert f"`{key}`" in PAGE


def test_the_statuses_that_refuse_a_window_are_on_the_page() -> None:
    (told,) = re.findall(r"With ([\d, or]+) the hub says", PAGE)
    assert {int(status) for status in re.findall(r"\d+", told)} == UNACCEPTABLE
    assert f"after {FIRST_DELAY_SECONDS:g} seconds at first" in PAGE
