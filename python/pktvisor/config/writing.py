"""Taps and policies as YAML texts that say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from pktvisor.config.models import ModuleConfig, PolicyConfig, PolicyInput, TapConfig
from pktvisor.config.policies import KIND

WIDTH = 120


class _Writer(yaml.SafeDumper):
    """Writes lists on one line, and no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        """Never refer to what was written before."""
        del data
        return True


_Writer.add_representer(
    list, lambda writer, items: writer.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=_is_flat(items))
)


def tap_text(tap: TapConfig) -> str:
    """Write a tap as a configuration of its own."""
    return _text("taps", tap.name, _with(input_type=tap.input_type, config=tap.config, tags=tap.tags))


def policy_text(policy: PolicyConfig) -> str:
    """Write a policy as a configuration of its own."""
    modules = [{module.name: _module(module)} for module in policy.modules]
    handlers: dict[str, object] = {} if policy.window is None else {"window_config": dict(policy.window)}
    handlers["modules"] = modules if policy.is_chain else {name: one for each in modules for name, one in each.items()}
    config = {"merge_like_handlers": True} if policy.merges_like_handlers else {}
    return _text(
        "policies", policy.name, _with(kind=KIND, config=config, input=_input(policy.input), handlers=handlers)
    )


def _text(section: str, name: str, entry: Mapping[str, object]) -> str:
    document = {"version": "1.0", "visor": {section: {name: entry}}}
    return yaml.dump(document, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=WIDTH)


def _input(told: PolicyInput) -> Mapping[str, object]:
    selector = None
    if told.selector is not None:
        selector = {"all" if told.selector.needs_all else "any": [{key: value} for key, value in told.selector.tags]}
    return _with(
        tap=told.tap, tap_selector=selector, input_type=told.input_type, config=told.config, filter=told.filter
    )


def _module(module: ModuleConfig) -> Mapping[str, object]:
    groups = _with(enable=[*module.enable], disable=[*module.disable])
    version = None if module.version == ModuleConfig.version else module.version
    return _with(
        type=module.type,
        require_version=version,
        config=module.config,
        filter=module.filter,
        metric_groups=groups,
        metrics=module.metrics,
    )


def _with(**entries: Any) -> dict[str, object]:
    """Give a section without what is empty."""
    return {
        key: dict(value) if isinstance(value, Mapping) else value
        for key, value in entries.items()
        if value not in (None, {}, [])
    }


def _is_flat(items: object) -> bool:
    return isinstance(items, list) and not any(isinstance(item, Mapping) for item in items)
