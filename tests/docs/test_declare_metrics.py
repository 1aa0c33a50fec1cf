"""The page on metrics of one's own tells what is so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pktvisor.config.document import Document
from pktvisor.config.reading import locate
from pktvisor.config.schema import load_config
from pktvisor.errors import ConfigError, within
from pktvisor.handlers.custom import Custom
from pktvisor.metrics.expression_text import parse_expression
from pktvisor.metrics.expressions import schema
from pktvisor.metrics.kinds import declarable_kinds
from pktvisor.metrics.mnemonics import mnemonics
from support.captures import FOLDER
from support.configurations import module_settings
from support.measuring import Source, Wanted, measure

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "declare-metrics.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
CONDITIONS = [
    text
    for row in PAGE.partition("## Conditions")[2].partition("Texts need quotes")[0].splitlines()
    for text in re.findall(r"`([^`]+)`", row.split("|")[1] if row.startswith("|") else "")
    if "." in text
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_measures_what_it_names(text: str) -> None:
    config = load_config(text)
    assert not config.warnings
    for module in config.policies[0].modules:
        settings = module_settings(module)
        measured = measure(Source(FOLDER / "dns_authoritative.pcap"), [Wanted("m", "custom", settings=settings)])
        shown = measured.document()["m"]["custom"]
        off = {name for name, metric in Custom(settings).metrics().items() if set(metric.groups) & set(module.disable)}
        assert set(module.metrics) - off <= set(keys(shown))


def keys(document: object) -> Iterator[str]:
    """Give all keys of a document, at any depth."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from keys(value)


def test_there_are_examples_and_conditions() -> None:
    assert len(EXAMPLES) == 3
    assert len(CONDITIONS) > 15


@pytest.mark.parametrize("text", CONDITIONS)
def test_every_condition_of_the_page_is_one(text: str) -> None:
    assert parse_expression(text).columns


def test_the_error_on_the_page_is_what_is_said() -> None:
    config = load_config(EXAMPLES[0].replace("where: dns.rcode ==", "where: dns.rcod =="), source="edge.yaml")
    module = config.policies[0].modules[0]
    assert isinstance(config.document, Document)
    with pytest.raises(ConfigError) as caught, within(f"policies.edge.handlers.modules.{module.name}"):
        Custom(module_settings(module))
    assert str(locate(caught.value, config.document)) in PAGE


def test_every_kind_is_on_the_page() -> None:
    for kind in declarable_kinds():
        assert f"| `{kind}` |" in PAGE


def test_every_word_for_a_number_is_on_the_page() -> None:
    section = PAGE.partition("### Words for numbers")[2].partition("\n## ")[0]
    for column in set(schema()) - {"dns.rcode", "dns.qtype"}:
        for word in () if (known := mnemonics(column)) is None else known.numbers:
            assert f"`{word}`" in section, (column, word)
