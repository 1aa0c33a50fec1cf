"""Configurations that tests write as texts, and what they say."""

from __future__ import annotations

from pktvisor.config.models import ModuleConfig, PolicyConfig
from pktvisor.config.schema import load_one_policy
from pktvisor.handlers.base import HandlerSettings


def modules_text(text: str) -> str:
    """A configuration with one policy, `edge` over the tap `wire`, and these modules (a YAML value in one line)."""
    source = "kind: collection, input: {tap: wire, input_type: pcap}"
    return f"visor: {{policies: {{edge: {{{source}, handlers: {{modules: {text}}}}}}}}}"


def one_policy(text: str) -> PolicyConfig:
    policy = load_one_policy(text)
    assert policy is not None
    return policy


def module_settings(module: ModuleConfig) -> HandlerSettings:
    """What a handler is told by its module."""
    return HandlerSettings(
        options={**module.config, **module.filter},
        enable=module.enable,
        disable=module.disable,
        metrics=module.metrics,
    )


def declared(metrics: str, options: str = "{}") -> HandlerSettings:
    """The settings of a custom handler with these metrics (what stands between the braces)."""
    policy = one_policy(modules_text(f"{{m: {{type: custom, config: {options}, metrics: {{{metrics}}}}}}}"))
    return module_settings(policy.modules[0])
