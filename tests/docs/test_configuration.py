"""The reference of configurations tells what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pktvisor.config import modules, policies, schema, selectors, taps
from pktvisor.config.daemon_options import KEYS
from pktvisor.config.schema import check, load_config
from pktvisor.handlers.base import WINDOW_OPTIONS
from pktvisor.inputs import inputs

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_is_a_configuration(text: str) -> None:
    config = load_config(text)
    assert config.policies
    assert config.warnings == ()


def test_the_mistake_on_the_page_is_what_is_said() -> None:
    text = "\n" * 9 + "visor:\n  policies:\n    edge: {kind: colection}"
    assert str(check(text, "edge.yaml")[0]) in PAGE


def test_every_key_is_on_the_page() -> None:
    keys = (*schema.SECTIONS, *taps.KEYS, *policies.KEYS, *policies.INPUT_KEYS, *policies.HANDLERS_KEYS)
    for key in (*keys, *modules.KEYS, *modules.GROUP_KEYS, *selectors.KEYS, *KEYS, *WINDOW_OPTIONS):
        assert re.search(rf"\b{key}\b", PAGE), key


def test_every_input_is_on_the_page_with_its_keys() -> None:
    section = PAGE.partition("## visor.taps")[2].partition("### Directions")[0]
    for declared in inputs().values():
        assert f"`{declared.type}`" in section
        for key in declared.keys or ():
            assert f"`{key}`" in section, key
