"""Configurations as users write them, made of small parts."""

from __future__ import annotations

TAP = "visor: {taps: {eth: {input_type: pcap, config: {iface: eth0}, tags: {site: ams, rack: 1, live: true}}}}"


def policy(
    name: str = "edge",
    *,
    source: str = "tap: eth",
    modules: str = "{net: {type: net}}",
    more: str = "",
    window: str = "",
    given: str = "",
) -> str:
    """A policy's entry below `policies`. `given` goes into its input, `window` into its handlers."""
    handlers = ", ".join(part for part in (window, f"modules: {modules}") if part)
    entry = f"kind: collection, input: {{{source}, input_type: pcap{given}}}, handlers: {{{handlers}}}{more}"
    return f"{name}: {{{entry}}}"


def body(*policies: str) -> str:
    """What is posted to make policies."""
    return f"visor: {{policies: {{{', '.join(policies)}}}}}"


def file(*policies: str, taps: str = "eth: {input_type: pcap, config: {iface: eth0}}", more: str = "") -> str:
    """A whole configuration file."""
    return f"version: '1.0'\nvisor: {{taps: {{{taps}}}, policies: {{{', '.join(policies)}}}{more}}}\n"
