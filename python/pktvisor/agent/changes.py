"""What a changed configuration would change, before it is done."""

from __future__ import annotations

from collections.abc import Mapping

from pktvisor.api.catalogue import Changes, Difference


def difference(before: Mapping[str, object], after: Mapping[str, object]) -> Difference:
    """Compare what there is with what there shall be, by name."""
    common = [name for name in after if name in before]
    return Difference(
        added=[name for name in after if name not in before],
        changed=[name for name in common if before[name] != after[name]],
        removed=[name for name in before if name not in after],
        unchanged=[name for name in common if before[name] == after[name]],
    )


def sentence(changes: Changes) -> str:
    """Say changes in one line."""
    kinds = [("taps", changes.taps), ("policies", changes.policies)]
    if changes.dashboards is not None:
        kinds.append(("dashboards", changes.dashboards))
    said = [
        f"{kind} {word}: {', '.join(names)}"
        for kind, one in kinds
        for word, names in (("added", one.added), ("changed", one.changed), ("removed", one.removed))
        if names
    ]
    if changes.agents:
        said.append(f"agents with other policies: {len(changes.agents)}")
    return "; ".join(said) or "nothing has changed"
