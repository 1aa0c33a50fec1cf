"""What stands for addresses in the lists of the handler flow."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from pktvisor.config import scalars
from pktvisor.config.models import Settings
from pktvisor.errors import ConfigError, within
from pktvisor.metrics.labels import Summary

BY_NETWORK, SUBNETS = "summarize_ips_by_asn", "subnets_for_summarization"
EXCLUDED_NETWORKS, EXCLUDED_UNKNOWN = "exclude_asns_from_summarization", "exclude_unknown_asns_from_summarization"
EXCLUDED = "exclude_ips_from_summarization"
SUMMARIES = (BY_NETWORK, EXCLUDED_NETWORKS, EXCLUDED_UNKNOWN, SUBNETS, EXCLUDED)
"""The options that say it."""

MOST_NETWORKS = 1000
"""Entries of a list of networks: each is compared with each address."""
MOST_NUMBER = 2**32 - 1


def read_summary(options: Settings) -> Summary | None:
    """What stands for addresses; None where they stand for themselves. ConfigError for what makes no sense."""
    subnets = list(_networks(options, SUBNETS))
    with within(SUBNETS):
        prefixes = _prefixes(subnets)
    summary = Summary(
        excluded=tuple(_networks(options, EXCLUDED)),
        by_network=scalars.flag(options, BY_NETWORK),
        excluded_networks=tuple(_numbers(options)),
        names_unknown=not scalars.flag(options, EXCLUDED_UNKNOWN),
        subnets=tuple(text for text in subnets if text not in prefixes),
        prefixes=tuple(prefixes),
    )
    return summary if summary.by_network or subnets else None


def _networks(options: Settings, key: str) -> Iterator[str]:
    with within(key):
        listed = scalars.texts(options, key)
        if len(listed) > MOST_NETWORKS:
            raise ConfigError(f"{len(listed)} networks are more than {MOST_NETWORKS}")
        for text in map(str, listed):
            _network(text)
            yield text


def _network(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    try:
        if "%" in text or not text.partition("/")[2].isdigit():
            raise ValueError
        return ipaddress.ip_interface(text)
    except ValueError:
        hint = "it needs a network with the length of its prefix, such as 10.0.0.0/8"
        raise ConfigError(f"invalid CIDR: {text[:60]}", hint=hint) from None


def _prefixes(subnets: Sequence[str]) -> list[str]:
    """Those of an address of zeros, which stand for every network of their length."""
    wildcards = [text for text in subnets if int(_network(text).ip) == 0]
    families = [_network(text).version for text in wildcards]
    if len(families) != len(set(families)):
        message = "FlowHandler: 'subnets_for_summarization' only allows one ipv4 and one ipv6 wildcard"
        raise ConfigError(message, hint=f"these are {', '.join(wildcards)[:200]}")
    return wildcards


def _numbers(options: Settings) -> Iterator[int]:
    with within(EXCLUDED_NETWORKS):
        for text in map(str, scalars.texts(options, EXCLUDED_NETWORKS)):
            if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > MOST_NUMBER:
                hint = f"it needs a number up to {MOST_NUMBER}, such as 64500"
                raise ConfigError(f"invalid ASN: {text[:60]}", hint=hint)
            yield int(text)
