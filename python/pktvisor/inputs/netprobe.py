"""Probes of targets (input netprobe): pings, or attempts to connect by TCP, sent again and again."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pktvisor import _core
from pktvisor.config.models import Settings, Value
from pktvisor.config.scalars import bounded, number, section, text, wrong_type
from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError, within
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.live import Live
from pktvisor.inputs.sources import Source, SourceInput

logger = logging.getLogger(__name__)

TEST_TYPES = ("http", "ping", "tcp", "udp")
SUPPORTED = ("ping", "tcp")

MILLISECOND_NS = 1_000_000
USUAL_INTERVAL_MS, USUAL_TIMEOUT_MS = 5000, 2000
MOST_MS = 24 * 60 * 60 * 1000
USUAL_GAP_MS = 25
USUAL_PAYLOAD_BYTES, MOST_PAYLOAD_BYTES = 48, 65_500

A_TARGET = "a target is a name with an address, as targets: {resolver: {target: 192.0.2.53}}"
TARGET_KEYS = ("target", "port", "ip_version")
MOST_TARGETS = 1_000
MOST_PROBES = 65_536
"""Probes that the tests of all targets send within an interval."""

HOST_NAME = re.compile(r"localhost|([\w-]{1,63}\.)+(?=[\w-]*[^\W\d])[\w-]{1,63}\.?")
"""A name with a dot in it; the last label is no number, or resolvers would read an address (RFC 1123 section 2.1)."""

HIGHEST_PORT = 65535
IP_VERSIONS = (4, 6)


@dataclass(frozen=True)
class Timing:
    """When probes are sent, and how long answers are waited for."""

    interval_ms: int
    timeout_ms: int
    probes: int
    """Of a test."""
    gap_ms: int
    """From probe to probe of a test."""


@dataclass(frozen=True)
class Target:
    """What is probed."""

    name: str
    host: str
    """An address, or a name that is looked up for each test."""
    port: int
    ip_version: int | None


class NetprobeInput(SourceInput):
    """Probes the `targets`, each by a test in every interval: one or several pings, or one TCP connection."""

    type = "netprobe"
    keys = (
        *("test_type", "interval_msec", "timeout_msec", "packets_per_test", "packets_interval_msec"),
        *("packet_payload_size", "targets"),
    )
    stand_in: ClassVar[Settings] = {
        "test_type": "ping",
        "targets": {"first": {"target": "192.0.2.1", "port": 1}},
        "interval_msec": MOST_MS,
        "timeout_msec": 1,
        "packets_interval_msec": 0,  # any other time goes with these
    }

    def __init__(self, config: Settings, defaults: Defaults) -> None:
        super().__init__(config, defaults)
        test_type = _test_type(config)
        timing = _timing(config)
        payload_bytes = _payload_bytes(config)
        targets = _targets(config, test_type)
        if len(targets) * timing.probes > MOST_PROBES:
            raise ConfigError(
                f"{len(targets)} targets times {timing.probes} packets_per_test is more than {MOST_PROBES}",
                path="packets_per_test",
            )
        self._targets = targets
        self._pings = test_type == "ping"
        self._ineffective = list(_ineffective(section(config, "targets")))
        self._source = Live(lambda policies: self._open(policies, timing, payload_bytes))

    def _open(self, policies: list[_core.Policy], timing: Timing, payload_bytes: int) -> _core.LiveInput:
        for warning in self._ineffective:
            logger.warning("%s", warning)
        return _core.LiveInput.netprobe(
            policies,
            [(target.name, target.host, target.port, target.ip_version) for target in self._targets],
            payload_bytes=payload_bytes if self._pings else None,
            interval_ns=timing.interval_ms * MILLISECOND_NS,
            timeout_ns=timing.timeout_ms * MILLISECOND_NS,
            probes=timing.probes,
            gap_ns=timing.gap_ms * MILLISECOND_NS,
        )

    @property
    def source(self) -> Source:
        return self._source

    @property
    def warnings(self) -> Sequence[str]:
        return [*self.source.warnings, *self._ineffective]

    def describe(self) -> dict[str, object]:
        """Tell how many targets there are, and of pings how many sockets."""
        told: dict[str, object] = {"current_targets_total": len(self._targets)}
        if self._pings:
            opened = self._source.at_work
            told["ping_sockets"] = 0 if opened is None else opened.ping_sockets or 0
        return told


def _test_type(config: Settings) -> str:
    valid = f"The valid test types are: {', '.join(TEST_TYPES)}"
    if "test_type" not in config:
        raise ConfigError(f"'test_type' config not specified. {valid}", path="test_type")
    with within("test_type"):
        test_type = text(config, "test_type")
        if test_type not in TEST_TYPES:
            hint = did_you_mean(test_type, SUPPORTED)
            raise ConfigError(f"{test_type[:60]} is an invalid/unsupported test type. {valid}", hint=hint)
        if test_type not in SUPPORTED:
            raise ConfigError("Test type currently not supported", hint=f"use {' or '.join(SUPPORTED)}")
    return test_type


def _timing(config: Settings) -> Timing:
    interval_ms = bounded(config, "interval_msec", USUAL_INTERVAL_MS, 1, MOST_MS)
    timeout_ms = bounded(config, "timeout_msec", USUAL_TIMEOUT_MS, 1, MOST_MS)
    if timeout_ms > interval_ms:
        message = f"timeout_msec [{timeout_ms}] cannot be greater than interval_msec [{interval_ms}]"
        raise ConfigError(message, path="timeout_msec" if "timeout_msec" in config else "interval_msec")
    with within("packets_per_test"):
        probes = number(config, "packets_per_test", 1)
        if probes == 0:
            raise ConfigError("packets_per_test needs to be greater than 0")
    gap_ms = bounded(config, "packets_interval_msec", USUAL_GAP_MS, 0, MOST_MS)
    if probes * gap_ms > interval_ms:
        raise ConfigError(
            f"packets_per_test [{probes}] times packets_interval_msec [{gap_ms}] cannot be greater than "
            f"packets_interval_msec [{interval_ms}]",
            hint=f"that is the interval_msec, in which a test must end: {probes * gap_ms} is more than {interval_ms}",
            path="packets_per_test" if "packets_per_test" in config else "packets_interval_msec",
        )
    return Timing(interval_ms, timeout_ms, probes, gap_ms)


def _payload_bytes(config: Settings) -> int:
    with within("packet_payload_size"):
        size = number(config, "packet_payload_size", USUAL_PAYLOAD_BYTES)
        if size > MOST_PAYLOAD_BYTES:
            message = f"packet_payload_size was set to {size} but max supported size is {MOST_PAYLOAD_BYTES}"
            raise ConfigError(message)
    return size


def _targets(config: Settings, test_type: str) -> list[Target]:
    if "targets" not in config:
        raise ConfigError("no targets specified", hint=A_TARGET, path="targets")
    with within("targets"):
        told = section(config, "targets")
        if len(told) > MOST_TARGETS:
            raise ConfigError(f"an input has at most {MOST_TARGETS} targets, not {len(told)}")
        return [_target(name, value, test_type) for name, value in told.items()]


def _target(name: str, told: Value, test_type: str) -> Target:
    with within(name):
        if not isinstance(told, dict):
            raise wrong_type(name, told, "a map, as {target: 192.0.2.53}")
        for key in ("target", "port") if test_type == "tcp" else ("target",):
            if key not in told:
                raise ConfigError(f"'{name}' does not have key '{key}' which is required", path=key)
        ip_version = _ip_version(told)
        with within("target"):
            host = _host(text(told, "target"), ip_version)
        port = bounded(told, "port", 0, 1, HIGHEST_PORT) if test_type == "tcp" else 0
    return Target(name, host, port, ip_version)


def _ineffective(targets: Mapping[str, Value]) -> Iterator[str]:
    """Say what has no effect, though the C++ agent takes it: no targets, or keys of a target that nobody reads."""
    if not targets:
        yield f"targets: there is none, so nothing is probed; {A_TARGET}"
    for name, told in targets.items():
        for key in told if isinstance(told, dict) else ():
            if key not in TARGET_KEYS:
                hint = did_you_mean(key, TARGET_KEYS)
                yield f"targets.{name}.{key[:60]}: there is no such key, it has no effect{hint}"


def _ip_version(told: Mapping[str, Value]) -> int | None:
    if "ip_version" not in told:
        return None
    version = told["ip_version"]
    if version not in IP_VERSIONS or not isinstance(version, int):
        raise ConfigError("ip_version must be 4 or 6", path="ip_version")
    return version


def _host(host: str, ip_version: int | None) -> str:
    """An address that has the version, or a name. ConfigError where it is neither."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if HOST_NAME.fullmatch(host) is None:
            hint = "a target is an address, localhost, or a name with a dot in it"
            raise ConfigError(f"{host[:80]} is an invalid/unsupported DNS", hint=hint) from None
        return host
    if ip_version not in (None, address.version):
        raise ConfigError(f"target {host} is IPv{address.version} but ip_version is set to {ip_version}")
    return host
