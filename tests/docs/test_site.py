"""The documentation site: it is whole, it needs nothing from outside, and it stays small."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

ROOT = Path(__file__).parents[2]
MOST_BYTES = 5_000_000
"""What the site may add to a wheel, before it is packed."""


def build(site: Path, pages: Path) -> subprocess.CompletedProcess[str]:
    command = ["make", "site", f"SITE={site}", f"PAGES={pages}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("documentation") / "site"
    done = build(site, ROOT / "docs")
    assert done.returncode == 0, done.stderr
    return site


class Page(HTMLParser):
    """What a page loads, where it leads, and what a strict Content-Security-Policy would forbid."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.forbidden: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "style" or (tag == "script" and "src" not in given):
            self.forbidden.append(tag)
        self.forbidden += [name for name in given if name == "style" or name.startswith("on")]
        if "src" in given or (tag == "link" and "href" in given):
            self.loaded.append(given.get("src") or given["href"])
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"])


def pages(site: Path) -> Iterator[tuple[Path, Page]]:
    for path in sorted(site.rglob("*.html")):
        yield path, Page(path)


def test_every_page_of_the_documentation_is_a_page_of_the_site(site: Path) -> None:
    written = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert written <= {path.relative_to(site) for path, _ in pages(site)}


def test_the_first_page_leads_to_all_others_in_the_order_of_the_index(site: Path) -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    listed = [target for target in re.findall(r"\]\(([\w/-]+)\.md\)", index) if not target.startswith("..")]
    tree = (site / "index.html").read_text(encoding="utf-8").partition("sidebar-tree")[2].partition("</aside>")[0]
    shown = re.findall(r'class="toctree-l1[^"]*"><a class="[^"]*" href="([\w/-]+)\.html"', tree)
    assert len(shown) > 30
    assert shown == listed


def test_what_pages_load_is_there_and_of_the_site(site: Path) -> None:
    for path, page in pages(site):
        assert page.loaded
        for target in page.loaded:
            file = unquote(urldefrag(target)[0].partition("?")[0])
            assert "//" not in target, (path, target)
            assert not file or (path.parent / file).is_file(), (path, target)
    for style in site.rglob("*.css"):
        assert set(re.findall(r"url\([\"']?(\w+:)?", style.read_text(encoding="utf-8"))) <= {"data:"}, style


def test_links_of_pages_lead_to_files_of_the_site(site: Path) -> None:
    for path, page in pages(site):
        for target in page.links:
            file = unquote(urldefrag(target)[0])
            assert "://" in target or not file or (path.parent / file).is_file(), (path, target)


def test_no_page_has_a_script_or_a_style_of_its_own(site: Path) -> None:
    for path, page in pages(site):
        assert page.forbidden == [], path


def test_the_site_is_small(site: Path) -> None:
    assert 1_000_000 < sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < MOST_BYTES


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("[a page](nowhere.md)", "nowhere.md"),
        ("[a section](#nowhere)", "nowhere"),
        ("[a section of a page](other.md#nowhere)", "nowhere"),
    ],
)
def test_a_link_that_leads_nowhere_fails_the_build_and_is_named(tmp_path: Path, wrong: str, told: str) -> None:
    written = tmp_path / "pages"
    written.mkdir()
    (written / "README.md").write_text("# Pages\n\n| To start | |\n|---|---|\n| [Other](other.md) | it |\n")
    (written / "other.md").write_text(f"# Other\n\nSee {wrong}.\n")
    done = build(tmp_path / "site", written)
    assert done.returncode != 0
    assert "other.md:3" in done.stderr
    assert told in done.stderr


def test_a_page_that_the_index_does_not_name_fails_the_build(tmp_path: Path) -> None:
    written = tmp_path / "pages"
    written.mkdir()
    (written / "README.md").write_text("# Pages\n")
    (written / "other.md").write_text("# Other\n")
    done = build(tmp_path / "site", written)
    assert done.returncode != 0
    assert "other.md" in done.stderr
