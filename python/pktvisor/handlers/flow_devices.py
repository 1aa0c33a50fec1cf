"""Names of exporters and their interfaces: what the handler flow is told in `device_map`."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pktvisor.config import scalars
from pktvisor.config.models import Settings, Value
from pktvisor.errors import ConfigError, within

MOST_INTERFACE = 2**32 - 1

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Device:
    """An exporter by its name, and its interfaces by their numbers."""

    name: str
    interfaces: Mapping[int, str] = field(default_factory=dict)


class DeviceMap:
    """Exporters by their addresses."""

    def __init__(self, devices: Mapping[Address, Device]) -> None:
        self._devices = devices

    @classmethod
    def read(cls, options: Settings) -> DeviceMap:
        """Read it from a handler's options. ConfigError, with its place, where it makes no sense."""
        with within("device_map"):
            devices = scalars.section(options, "device_map")
            read = DeviceMap({_address(address): _device(address, told) for address, told in devices.items()})
        return read if scalars.flag(options, "enrichment", default=True) else DeviceMap({})

    def device(self, address: object) -> Device | None:
        """The exporter of an address; None where it is not in the map."""
        return self._devices.get(_canonical(address)) if self._devices and isinstance(address, str) else None

    def interface(self, device: object, number: object) -> str:
        """What an interface of an exporter is called; its number where it has no name."""
        known = self.device(device)
        return (
            str(number) if known is None or not isinstance(number, int) else known.interfaces.get(number, str(number))
        )

    def named(self, values: Sequence[int | str | None]) -> list[int | str | None]:
        """Give the values of a group, an exporter and perhaps an interface of it, by name where there is one."""
        device, *interfaces = values
        known = self.device(device)
        if known is None:
            return list(values)
        return [known.name, *(self.interface(device, number) for number in interfaces)]


def _canonical(text: str) -> Address:
    """An address in the one form that stands for it: IPv4 in IPv6 is IPv4."""
    address = ipaddress.ip_address(text)
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _address(text: str) -> Address:
    try:
        return _canonical(text)
    except ValueError:
        message = f"FlowHandler: 'device_map' config has an invalid device IP: {text[:60]}"
        raise ConfigError(message, hint="a device is known by its address, such as 192.0.2.1") from None


def _device(address: str, told: Value) -> Device:
    what = f"FlowHandler: 'device_map' config with device IP {address}"
    with within(address):
        name = _name(told, what)
        assert isinstance(told, dict)
        if not isinstance(told.get("interfaces"), dict):
            raise ConfigError(
                f"{what} does not have 'interfaces' key", hint="it needs a map of interfaces, be it empty"
            )
        interfaces = {}
        for text, interface in scalars.section(told, "interfaces").items():
            with within("interfaces"), within(text):
                interfaces[_number(text)] = _name(interface, f"{what} and interface {text[:60]}")
    return Device(name, interfaces)


def _name(told: Value, what: str) -> str:
    """The name of a device or interface, which may look like a number."""
    name = told.get("name") if isinstance(told, dict) else None
    if name is None or isinstance(name, dict | list) or name == "":
        raise ConfigError(f"{what} does not have 'name' key")
    return str(name)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > MOST_INTERFACE:
        message = f"FlowHandler: 'device_map' config has an invalid interface: {text[:60]}"
        raise ConfigError(message, hint=f"an interface is known by its SNMP index, 0 to {MOST_INTERFACE}")
    return int(text)
