"""One tap or policy is cut out of a text, or written from what was read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pktvisor.config.excerpts import excerpts_of, text_of
from pktvisor.config.schema import load_config
from pktvisor.config.writing import policy_text, tap_text
from support.written import TAP, file, policy

COMMENTED = """\
# The edge of the site.
visor:
  taps:
    up: {input_type: mock}  # made up
  policies:
    # Everything but our own sessions.
    # Ask the network people first.
    edge:
      kind: collection
      input:
        tap: up       # the uplink
    # a comment that stands too far left
        input_type: mock

      handlers:
        modules:
          net: {type: net}
          # no dns here

    # What follows is another one.
    other:
      kind: collection
      input: {tap: up, input_type: mock}
      handlers: {modules: {net: {type: net}}}
"""
EDGE = """\
version: "1.0"
visor:
  policies:
    # Everything but our own sessions.
    # Ask the network people first.
    edge:
      kind: collection
      input:
        tap: up       # the uplink
    # a comment that stands too far left
        input_type: mock

      handlers:
        modules:
          net: {type: net}
          # no dns here
"""


def text_from(whole: str, path: str) -> str:
    config = load_config(whole, source="edge.yaml")
    assert config.document is not None
    entries = {f"taps.{tap.name}": tap for tap in config.taps} | {
        f"policies.{one.name}": one for one in config.policies
    }
    return text_of(entries[path], excerpts_of(config.document).get(path))


def test_a_policy_is_cut_out_with_its_comments() -> None:
    assert text_from(COMMENTED, "policies.edge") == EDGE
    assert text_from(COMMENTED, "taps.up").endswith("  taps:\n    up: {input_type: mock}  # made up\n")


@pytest.mark.parametrize("line_break", ["\r\n", "\r"])
def test_line_breaks_of_other_systems_are_lines_too(line_break: str) -> None:
    assert text_from(COMMENTED.replace("\n", line_break), "policies.edge") == EDGE


def test_it_stands_as_deep_as_others_wherever_it_stood() -> None:
    deep = "\n".join(f"{line[: len(line) - len(line.lstrip())] * 2}{line.lstrip()}" for line in COMMENTED.split("\n"))
    assert load_config(text_from(deep, "policies.edge")).policies == load_config(EDGE).policies
    assert "    # Everything but our own sessions.\n" in text_from(deep, "policies.edge")


def test_what_stands_on_a_line_with_others_is_written_anew() -> None:
    config = load_config(file(policy()))
    assert text_from(file(policy()), "policies.edge") == policy_text(config.policies[0])


def test_what_refers_to_an_anchor_elsewhere_is_written_anew() -> None:
    whole = (
        COMMENTED.replace("{net: {type: net}}", "&all {net: {type: net}}")
        .replace("kind: collection\n      input: {tap: up, input_type: mock}", "kind: collection\n      input: *from")
        .replace("input:\n        tap: up", "input: &from\n        tap: up")
    )
    written = text_from(whole, "policies.other")
    assert "#" not in written
    assert load_config(written).policies == load_config(whole).policies[1:]


def test_what_was_read_is_written_as_it_would_be_read() -> None:
    chain = "[{first: {type: net}}, {second: {type: dns, require_version: '2.0', filter: {only_qname: ['7', 'true']}}}]"
    for text in (
        policy(source="tap_selector: {all: [{site: ams}, {rack: 1}]}"),
        policy(modules=chain, window="window_config: {}", more=", config: {merge_like_handlers: true}"),
        policy(modules="{m: {type: custom, metrics: {x: {top_n: dns.qname, where: 'dns.rcode == 3'}}}}"),
        policy(
            modules="{m: {type: dns, metric_groups: {enable: [all], disable: [top_ecs]}, config: {a: null, b: 'é'}}}"
        ),
    ):
        [read] = load_config(file(text)).policies
        assert load_config(policy_text(read)).policies == (read,)
    [tap] = load_config(TAP).taps
    assert load_config(tap_text(tap)).taps == (tap,)


def test_the_configurations_of_the_documentation_say_the_same_once_they_are_cut(pytestconfig: pytest.Config) -> None:
    found = [
        *Path(pytestconfig.rootpath, "deploy").rglob("*.yaml"),
        *Path(pytestconfig.rootpath, "docs").rglob("*.yaml"),
    ]
    ours = [path for path in found if path.read_text().find("\nvisor:") >= 0]
    assert ours
    for path in ours:
        config = load_config(path.read_text(), source=str(path))
        for one in config.policies:
            assert load_config(text_from(path.read_text(), f"policies.{one.name}")).policies == (one,)
