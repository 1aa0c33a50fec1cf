"""Imports of the Rust crates point downwards: the order of the rooms is that of the blocks in the core's `lib.rs`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.rust_modules import Crate, circles

ROOT = Path(__file__).parents[2]
CORE = ROOT / "crates/core/src"
RECORDS = ROOT / "crates/records/src"
BINDINGS = ROOT / "crates/bindings/src"
ARCHITECTURE = ROOT / "docs/explanation/architecture.md"


def layers(folder: Path) -> list[set[str]]:
    """The blocks of `mod` lines of a `lib.rs`, the lowest first; modules for tests alone are left out."""
    text = re.sub(r"#\[cfg\(test\)\]\n(#\[[^\n]*\n)*", "// ", (folder / "lib.rs").read_text())
    blocks = (set(re.findall(r"^(?:pub )?mod (\w+);", block, re.MULTILINE)) for block in text.split("\n\n"))
    return [block for block in blocks if block]


def upward(folder: Path) -> list[str]:
    """Imports of a room from one that stands in the same block, or in a later one."""
    heights = {room: height for height, block in enumerate(layers(folder)) for room in block}
    return sorted(
        f"{'::'.join(module)} imports {'::'.join(other)}"
        for module, named in Crate(folder).imports().items()
        for other in named
        if module and module[0] != other[0] and heights[module[0]] <= heights[other[0]]
    )


@pytest.mark.parametrize("folder", [CORE, RECORDS])
def test_rooms_import_only_rooms_below(folder: Path) -> None:
    assert upward(folder) == []


@pytest.mark.parametrize("folder", [CORE, RECORDS, BINDINGS])
def test_no_files_import_each_other_in_a_circle(folder: Path) -> None:
    assert circles(Crate(folder).imports()) == []


@pytest.mark.parametrize("folder", [CORE, RECORDS])
def test_every_room_has_its_place(folder: Path) -> None:
    rooms = {module[0] for module in Crate(folder).texts if module}
    assert set().union(*layers(folder)) == rooms


def test_the_architecture_page_shows_the_same_layers() -> None:
    _, _, section = ARCHITECTURE.read_text().partition("## Layers of the core\n")
    rows = re.findall(r"^\| (`.*?) \|", section.partition("\n## ")[0], re.MULTILINE)
    assert [set(re.findall(r"`(\w+)`", row)) for row in rows] == layers(CORE)[::-1]


def crate(folder: Path, **files: str) -> Path:
    (folder / "lib.rs").write_text("pub mod ground;\n\npub mod low;\npub mod near;\n\npub mod high;\n")
    (folder / "high").mkdir()
    for name in ("ground", "low", "near", "high/mod", "high/one", "high/two"):
        (folder / f"{name}.rs").write_text(files.get(name.replace("/", "_"), ""))
    return folder


def test_an_upward_import_is_found(tmp_path: Path) -> None:
    folder = crate(
        tmp_path,
        ground="use crate::low::Thing;\n",
        low="use crate::{ground::Base, near::{self, Thing}};\n#[cfg(test)]\nmod tests {\n    use crate::high;\n}\n",
        near="// use crate::high::Top;\nfn top() { crate::high::top() }\n",
        high_mod="mod one;\nmod two;\nuse crate::ground::Base;\n",
    )
    assert upward(folder) == ["ground imports low", "low imports near", "near imports high"]


def test_a_circle_behind_a_reexport_is_found(tmp_path: Path) -> None:
    folder = crate(
        tmp_path,
        high_mod="mod one;\nmod two;\npub use one::One;\npub use two::Two as Second;\n",
        high_one="use super::{Other, two};\n",
        high_two="use super::One;\n",
    )
    assert circles(Crate(folder).imports()) == ["high::one -> high::two -> high::one"]
