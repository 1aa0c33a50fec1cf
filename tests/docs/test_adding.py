"""What is one file by the word of docs/explanation/adding.md is everywhere: in documents, tests and fuzzing."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from pktvisor import _core
from pktvisor.config.ports import port_options
from pktvisor.handlers import handlers
from pktvisor.inputs import inputs
from pktvisor.metrics.expressions import schema
from support.scenarios import Scenario, scenarios

ROOT = Path(__file__).parents[2]
PROTOCOL_FOLDER = ROOT / "crates" / "core" / "src" / "decode" / "app"
PROTOCOLS = sorted(path.stem for path in PROTOCOL_FOLDER.glob("*.rs") if path.stem != "mod")
HANDLERS = sorted(handlers())
INPUTS = sorted({declared.type for declared in inputs().values()})

SHOWN_ELSEWHERE = {
    ("custom", "1.0"): ROOT / "tests" / "unit" / "handlers" / "test_custom.py",
    ("input_resources", "1.0"): ROOT / "tests" / "unit" / "handlers" / "test_input_resources.py",
    ("netprobe", "1.0"): ROOT / "tests" / "unit" / "handlers" / "test_netprobe.py",
}
"""Handlers whose numbers no capture decides, and where they are shown instead."""


@functools.cache
def every_scenario() -> list[Scenario]:
    return list(scenarios())


def page(name: str) -> str:
    return (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")


def messages(capture: Path, protocol: str) -> int:
    """Rows that a capture gives in the table of a protocol."""
    reader, rows = _core.BatchReader([str(capture)], hosts=[]), 0
    while (batch := reader.next_batch()) is not None:
        rows += len(batch.tables[protocol]) if protocol in batch.tables else 0
    return rows


def test_a_file_in_the_folder_of_protocols_is_the_protocol_of_its_name() -> None:
    assert list(_core.usual_ports()) == PROTOCOLS, (
        f"each file in {PROTOCOL_FOLDER} declares the protocol that it is named after"
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_protocol_has_its_columns(protocol: str) -> None:
    columns = {column.name for column in schema().values() if column.table == protocol}
    needed = {f"{protocol}.time_ns", f"{protocol}.packet_row", f"{protocol}.direction"}
    if protocol in port_options():
        needed.add(f"{protocol}.server_port")
    missing = needed - columns
    assert not missing, f"the table of {protocol} lacks {sorted(missing)}"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_protocol_is_on_the_reference_pages(protocol: str) -> None:
    for name in ("columns.md", "protocols.md"):
        assert f"\n## {protocol}\n" in page(name), (
            f"{protocol} has no section in docs/reference/{name}: run `make docs`"
        )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_protocol_has_a_golden_scenario_with_messages_of_it(protocol: str) -> None:
    looked_at = [
        scenario
        for scenario in every_scenario()
        if scenario.source.path.suffix == ".pcap"
        and any(getattr(handlers()[one.type, one.version], "table", "") == protocol for one in scenario.modules)
    ]
    assert looked_at, f"no scenario in tests/golden has a handler of the table {protocol}"
    assert any(messages(scenario.source.path, protocol) for scenario in looked_at), (
        f"no capture of the golden scenarios of {protocol} has a message of it, so that fuzzing has no seed either"
    )


def test_every_protocol_is_fuzzed_by_one_target() -> None:
    target = (ROOT / "fuzz" / "fuzz_targets" / "app_message.rs").read_text(encoding="utf-8")
    assert "PROTOCOLS[number]" in target, "app_message takes every protocol by its number"


@pytest.mark.parametrize("target", sorted((ROOT / "fuzz" / "fuzz_targets").glob("*.rs")), ids=lambda path: path.stem)
def test_a_fuzz_target_is_built(target: Path) -> None:
    manifest = (ROOT / "fuzz" / "Cargo.toml").read_text(encoding="utf-8")
    assert f'path = "fuzz_targets/{target.name}"' in manifest, f"fuzz/Cargo.toml has no [[bin]] for {target.name}"


@pytest.mark.parametrize("key", HANDLERS, ids=" ".join)
def test_a_handler_has_a_golden_scenario(key: tuple[str, str]) -> None:
    if key in SHOWN_ELSEWHERE:
        assert SHOWN_ELSEWHERE[key].exists()
        return
    shown = {(module.type, module.version) for scenario in every_scenario() for module in scenario.modules}
    assert key in shown, f"no scenario in tests/golden has the handler {' '.join(key)}"


@pytest.mark.parametrize("key", HANDLERS, ids=" ".join)
def test_a_handler_is_on_the_page_of_metrics(key: tuple[str, str]) -> None:
    assert f"\n## {' '.join(key)}\n" in page("metrics.md"), f"{' '.join(key)} has no section: run `make docs`"


@pytest.mark.parametrize("name", INPUTS)
def test_an_input_is_documented_and_tested(name: str) -> None:
    assert f"`{name}`" in page("configuration.md"), f"docs/reference/configuration.md does not name the input {name}"
    tests = ROOT / "tests" / "unit" / "inputs" / f"test_{name}.py"
    assert tests.exists(), f"the input {name} has no {tests.relative_to(ROOT)}"
