"""Which flow records the handler flow keeps, and for which of their interfaces they count."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Iterator

from pktvisor.config import scalars
from pktvisor.config.models import Settings
from pktvisor.errors import ConfigError, within
from pktvisor.handlers.flow_metrics import DIRECTIONS
from pktvisor.metrics.expressions import ALWAYS, Column, Condition, flow

FILTERS = ("only_ips", "only_ports", "only_device_interfaces", "only_directions", "geoloc_notfound", "asn_notfound")

_PORT_RANGE = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")
MOST_PORT = 2**16 - 1
MOST_INTERFACE = 2**32 - 1


class Filters:
    """The filters of one handler, read."""

    def __init__(self, options: Settings) -> None:
        self._options = options
        self._sides = [self._interfaces(), self._directions()]

    def keep(self) -> Condition:
        """Records that pass all filters."""
        sides = [one | other for one, other in self._sides]
        return functools.reduce(Condition.__and__, (self._addresses(), self._ports(), *sides, *self._unknown()))

    def counts_by(self, key: int) -> Condition:
        """Records that count for the interface of a direction: filters may take one of the two that it has."""
        return functools.reduce(Condition.__and__, (sides[key] for sides in self._sides))

    def _addresses(self) -> Condition:
        networks = self._entries("only_ips")
        with within("only_ips"):
            checked = [_network(text) for text in networks]
        return _either(lambda column: column.within(*checked), flow.src, flow.dst) if networks else ALWAYS

    def _ports(self) -> Condition:
        with within("only_ports"):
            invalid = "FlowHandler: invalid 'only_ports' filter value"
            ranges = [_range(text, MOST_PORT, invalid) for text in self._entries("only_ports")]
        return _either(lambda column: _in_ranges(column, ranges), flow.src_port, flow.dst_port) if ranges else ALWAYS

    def _interfaces(self) -> tuple[Condition, Condition]:
        """Of each direction, the rows whose interface is listed."""
        devices = scalars.section(self._options, "only_device_interfaces")
        if "only_device_interfaces" not in self._options:
            return ALWAYS, ALWAYS
        sides = [~ALWAYS, ~ALWAYS]
        for device, listed in devices.items():
            with within(f"only_device_interfaces.{device}"):
                address = _address(device, "FlowHandler: 'only_device_interfaces' filter has an invalid device IP")
                texts = [str(text) for text in scalars.texts({device: listed}, device)]
                invalid = "FlowHandler: invalid 'only_device_interfaces' filter interface value"
                ranges = [
                    (0, MOST_INTERFACE) if text == "*" else _range(text, MOST_INTERFACE, invalid) for text in texts
                ]
            for key, column in enumerate((flow.in_interface, flow.out_interface)):
                sides[key] = sides[key] | flow.exporter.within(address) & _in_ranges(column, ranges)
        return sides[0], sides[1]

    def _directions(self) -> tuple[Condition, Condition]:
        """Of each direction, all rows or none."""
        if "only_directions" not in self._options:
            return ALWAYS, ALWAYS
        wanted = [str(text) for text in scalars.texts(self._options, "only_directions")]
        for direction in wanted:
            if direction not in DIRECTIONS:
                message = "FlowStreamHandler: only_directions filter contained an invalid/unsupported direction"
                hint = "a direction is in or out"
                raise ConfigError(f"{message}: {direction[:60]}", hint=hint, path="only_directions")
        return tuple(ALWAYS if direction in wanted else ~ALWAYS for direction in DIRECTIONS)  # type: ignore[return-value]

    def _unknown(self) -> Iterator[Condition]:
        if scalars.flag(self._options, "geoloc_notfound"):
            yield _either(lambda column: _is_unknown(column.place), flow.src, flow.dst)
        if scalars.flag(self._options, "asn_notfound"):
            yield _either(lambda column: _is_unknown(column.network), flow.src, flow.dst)

    def _entries(self, key: str) -> list[str]:
        return [str(text) for text in scalars.entries(self._options, key)]


def _is_unknown(found: Column) -> Condition:
    """The database does not know the address, or there is none: then nothing begins with anything."""
    return (found == "Unknown") | ~found.starts_with("")


def _either(fits: Callable[[Column], Condition], one: Column, other: Column) -> Condition:
    return fits(one) | fits(other)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise ConfigError(f"invalid CIDR: {text[:60]}") from None


def _address(text: str, invalid: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ConfigError(
            f"{invalid}: {text[:60]}", hint="a device is known by its address, such as 192.0.2.1"
        ) from None


def _range(text: str, most: int, invalid: str) -> tuple[int, int]:
    """A number, or two with a dash between them, whichever comes first."""
    found = _PORT_RANGE.fullmatch(text)
    if found is None:
        raise ConfigError(f"{invalid}: {text[:60]}", hint="it needs a number or a range of numbers, as 1-1023")
    ends = sorted(int(number) for number in (found[1], found[2] or found[1]))
    if ends[1] > most:
        raise ConfigError(f"{invalid}: {text[:60]}", hint=f"{ends[1]} is larger than {most}")
    return ends[0], ends[1]


def _in_ranges(column: Column, ranges: list[tuple[int, int]]) -> Condition:
    return functools.reduce(Condition.__or__, ((column >= low) & (column <= high) for low, high in ranges), ~ALWAYS)
