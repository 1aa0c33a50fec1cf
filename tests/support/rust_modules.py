"""Which module of a Rust crate imports which, as its source says, without what only tests see."""

from __future__ import annotations

import re
from pathlib import Path

Module = tuple[str, ...]

TEST_MODULE = re.compile(r'#\[cfg\(test\)\]\n(?:#\[path = "[^"]*"\]\n)?(?:pub(?:\([^)]*\))? )?mod (\w+)([;{ ])')
USE = re.compile(r"^[ \t]*(pub(?:\([^)]*\))? )?use ([\w:{},*\s]+);", re.MULTILINE)
PATH = re.compile(r"\b((?:crate|super)(?:::\w+)+)")


class Crate:
    """The modules of a crate, by the folder with its `lib.rs`."""

    def __init__(self, folder: Path) -> None:
        texts = {name_of(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.rs")}
        tests = {(*module, name) for module, text in texts.items() for name, _ in TEST_MODULE.findall(text)}
        self.texts = {
            module: code_of(text)
            for module, text in texts.items()
            if not any(module[: len(test)] == test for test in tests)
        }
        self.reexports = {
            (*module, path[-1]): (module, path)
            for module, text in self.texts.items()
            for visibility, tree in USE.findall(text)
            if visibility
            for path in paths_of(tree)
        }

    def imports(self) -> dict[Module, set[Module]]:
        """The modules that each module names; re-exports are followed. Neither itself nor the root is among them."""
        return {module: self._named_in(module) - {module, ()} for module in self.texts}

    def _named_in(self, module: Module) -> set[Module]:
        text = self.texts[module]
        paths = [path for _, tree in USE.findall(text) for path in paths_of(tree)]
        paths += [tuple(path.split("::")) for path in PATH.findall(USE.sub("", text))]
        absolute = (self._absolute(module, path) for path in paths)
        return {self._defining(path) for path in absolute if path is not None}

    def _absolute(self, module: Module, path: Module) -> Module | None:
        """A path from the crate's root; `None` for one of another crate."""
        if path[0] == "crate":
            return path[1:]
        while path and path[0] in {"super", "self"}:
            module, path = (module[:-1] if path[0] == "super" else module), path[1:]
            if not path or path[0] != "super":
                return module + path
        return module + path if (*module, path[0]) in self.texts else None

    def _defining(self, path: Module, followed: frozenset[Module] = frozenset()) -> Module:
        for length in range(len(path), -1, -1):
            head, tail = path[:length], path[length:]
            if head in self.texts:
                return head
            if head in self.reexports and head not in followed:
                target = self._absolute(*self.reexports[head])
                if target is not None:
                    return self._defining(target + tail, followed | {head})
        return ()


def name_of(path: Path) -> Module:
    parts = path.with_suffix("").parts
    return parts[:-1] if parts[-1] in {"lib", "mod"} else parts


def code_of(text: str) -> str:
    """Without comments, and without the tests at its end."""
    return re.sub(r"//[^\n]*", "", text).partition("#[cfg(test)]\nmod tests {")[0]


def paths_of(tree: str) -> list[Module]:
    """The paths of a `use` tree: `a::{b, c::{d, self}}` has three."""
    head, has_branches, rest = tree.partition("{")
    steps = tuple(step.strip() for step in re.sub(r"\s+as\s+\w+", "", head).split("::") if step.strip())
    if not has_branches:
        return [steps[:-1] if steps[-1] == "self" and len(steps) > 1 else steps]
    branches, depth, start = [], 0, 0
    inner = rest[: rest.rindex("}")] + ","
    for at, sign in enumerate(inner):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            branches.append(inner[start:at])
            start = at + 1
    return [
        steps + (() if path == ("self",) else path)
        for branch in branches
        if branch.strip()
        for path in paths_of(branch)
    ]


def circles(imports: dict[Module, set[Module]]) -> list[str]:
    """Circles among modules, none of which stands within another: `a -> b -> a`."""
    beside = {
        module: sorted(other for other in named if not is_within(module, other) and not is_within(other, module))
        for module, named in imports.items()
    }
    found: list[str] = []
    done: set[Module] = set()

    def walk(module: Module, way: list[Module]) -> None:
        if module in way:
            found.append(" -> ".join("::".join(step) for step in [*way[way.index(module) :], module]))
        elif module not in done:
            for other in beside.get(module, []):
                walk(other, [*way, module])
            done.add(module)

    for module in sorted(beside):
        walk(module, [])
    return found


def is_within(module: Module, other: Module) -> bool:
    return module[: len(other)] == other
