"""What all pages and comments have in common: what they name is there, and their commands give something."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pktvisor.agent.checking import check_agent
from pktvisor.config.hub_schema import load_hub_config
from pktvisor.config.schema import load_config
from support.commands import CAPTURES, run

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = [*PAGES, *sorted((ROOT / "python").rglob("*.py")), *sorted((ROOT / "crates").rglob("*.rs"))]
ROOMS = {path.stem for path in (ROOT / "python" / "pktvisor").iterdir() if not path.name.startswith("_")}
MODULE = re.compile(r"`pktvisor\.([a-z_]+)((?:\.[A-Za-z_]+)*)`")
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)]*))?\)")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def configurations() -> list[tuple[str, str]]:
    """Every configuration with policies in fences or indented, by the page that has it."""
    found = []
    for page in PAGES:
        fenced = re.findall(r"```yaml\n(.*?)```", read(page), re.DOTALL)
        indented = re.findall(r"(?:^    visor:\n(?:      .*\n|\n)+)", read(page), re.MULTILINE)
        found += [(page.name, text) for text in fenced]
        found += [(page.name, re.sub("^    ", "", text, flags=re.MULTILINE)) for text in indented]
    return [(page, text) for page, text in found if re.search(r"^  policies:", text, re.MULTILINE)]


def is_there(dotted: str) -> bool:
    """Whether a module, or a name in one, exists."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        found: object = module
        for name in parts[end:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_that_are_named_are_there(path: Path) -> None:
    for room, rest in MODULE.findall(read(path)):
        if room in ROOMS:
            assert is_there(f"pktvisor.{room}{rest}"), f"pktvisor.{room}{rest}"


def test_there_are_modules_named_and_configurations_shown() -> None:
    assert sum(len(MODULE.findall(read(path))) for path in TEXTS) > 5
    assert {"README.md", "declare-metrics.md", "configuration.md"} <= {page for page, _ in configurations()}


HUB = "hub:\n"
"""The line that begins the configuration of a hub."""


@pytest.mark.parametrize(("page", "text"), configurations())
def test_a_configuration_is_one_that_an_agent_or_a_hub_takes(page: str, text: str) -> None:
    if text.lstrip().startswith(HUB) or f"\n{HUB}" in text:
        load_hub_config(text)
        return
    config = load_config(text)
    known = {tap.name for tap in config.taps}
    for policy in config.policies:
        assert set(re.findall(r"\btap: *([\w-]+)", text)) <= known, policy
    if known:
        assert check_agent(config).mistakes == []


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.*)$", read(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(read(page)):
        if "://" not in target:
            there = page.parent / target if target else page
            assert there.exists(), target
            assert not anchor or anchor in anchors(there), f"{target}#{anchor}"


def test_what_jq_is_shown_with_gives_values_and_no_nulls() -> None:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    document = json.loads(run("pktvisor", "--json", CAPTURES / "dns_resolver.pcap").stdout)
    agent = json.dumps({"default": document["capture"]})
    programs = [program for page in PAGES for program in re.findall(r"\bjq '([^']+)'", read(page))]
    assert programs
    for program in programs:
        done = subprocess.run(["jq", program], input=agent, capture_output=True, text=True, check=True)
        assert done.stdout.strip(), program
        assert "null" not in done.stdout.splitlines(), program


def test_no_place_is_twice_in_the_picture() -> None:
    rows: dict[str, str] = {}
    picture = read(ROOT / "docs" / "pictures" / "terminal.svg")
    for height, text in re.findall(r'<text[^>]* y="([\d.]+)"[^>]*>([^<]*)', picture):
        rows[height] = rows.get(height, "") + text.replace("&#160;", " ")
    places = re.findall(r"\b(?:AF|AN|AS|EU|NA|OC|SA)(?:/[\w/…-]+)+", "\n".join(rows.values()))
    assert places
    assert len(places) == len(set(places)), places


def test_a_decision_has_a_number_of_its_own_and_its_page_begins_with_it() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        assert read(page).startswith(f"# {page.name[:4]}: "), page.name
