"""What a changed configuration would change, before it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Difference:
    """Names of one kind of things, by what becomes of them."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Nothing is to be done."""
        return not (self.added or self.changed or self.removed)

    def document(self) -> dict[str, object]:
        """Tell of it."""
        return {
            "added": self.added,
            "changed": self.changed,
            "removed": self.removed,
            "unchanged": self.unchanged,
        }


def difference(before: Mapping[str, object], after: Mapping[str, object]) -> Difference:
    """Compare what there is with what there shall be, by name."""
    common = [name for name in after if name in before]
    return Difference(
        added=[name for name in after if name not in before],
        changed=[name for name in common if before[name] != after[name]],
        removed=[name for name in before if name not in after],
        unchanged=[name for name in common if before[name] == after[name]],
    )


@dataclass(frozen=True)
class Changes:
    """What becomes of the taps and policies that came from a configuration."""

    taps: Difference
    policies: Difference

    def document(self) -> dict[str, object]:
        """Tell of it, as `POST /api/v1/config` does."""
        return {"taps": self.taps.document(), "policies": self.policies.document()}

    def sentence(self) -> str:
        """Say it in one line."""
        kinds = (("taps", self.taps), ("policies", self.policies))
        said = [
            f"{kind} {word}: {', '.join(names)}"
            for kind, one in kinds
            for word, names in (("added", one.added), ("changed", one.changed), ("removed", one.removed))
            if names
        ]
        return "; ".join(said) or "nothing has changed"
