"""The agent's policies with their handlers, and its taps."""

from __future__ import annotations

from pktvisor.api.documents import ShownModule, ShownPolicy, ShownTap
from pktvisor.tui.lines import Role
from pktvisor.tui.panels import WIDE, Panel, PanelRow, facts_panel
from pktvisor.tui.views.content import Content, Context, View, nothing
from pktvisor.tui.views.facts import facts_of, state


def build(context: Context) -> Content:
    """Make the screen: policies that people made first, then taps, then those that the agent made."""
    inventory = context.reading.inventory
    if not inventory.policies:
        return Content((), nothing("there are no policies"))
    every = inventory.policies.values()
    shown = context.reading.metrics.policy
    return Content(
        [
            *(_policy(policy, shown) for policy in every if not policy.is_resources),
            *(_tap(tap) for tap in inventory.taps.values()),
            *(_policy(policy, shown) for policy in every if policy.is_resources),
        ]
    )


def _policy(policy: ShownPolicy, shown: str) -> Panel:
    rows = [_handler(handler) for handler in policy.handlers]
    for name, values in (("inputs", policy.inputs), ("taps", policy.taps)):
        if values:
            rows.append(PanelRow(name, (", ".join(one.name for one in values),)))
    note = "shown" if policy.name == shown else ""
    return Panel(
        f"policy/{policy.name}",
        f"Policy {policy.name}",
        tuple(rows),
        note=note,
        is_text=True,
        is_whole=True,
        least_width=WIDE,
    )


def _handler(handler: ShownModule) -> PanelRow:
    config = ", ".join(f"{name} {text}" for name, text in facts_of(handler.config) if name != "num_periods")
    waiting = "" if handler.open_exchanges is None else f", {handler.open_exchanges} open"
    text = f"{handler.type}, {state(handler.is_running)}{waiting}"
    role = Role.BAD if handler.is_running is False else Role.VALUE
    return PanelRow(handler.name, (text,), role=role, copied=f"{handler.name}: {config}")


def _tap(tap: ShownTap) -> Panel:
    tags = [(f"tag {name}", text) for name, text in facts_of(tap.tags)]
    return facts_panel(f"tap/{tap.name}", f"Tap {tap.name}", [("input", tap.input_type), *facts_of(tap.config), *tags])


VIEW = View("policies", "Policies", build, "inventory")
