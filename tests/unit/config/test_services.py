from __future__ import annotations

from pathlib import Path

import pytest

from pktvisor.config.services import read_services
from pktvisor.errors import ConfigError, InputError

HEADER = "Service Name,Port Number,Transport Protocol,Description\n"


TCP, UDP, SCTP = 6, 17, 132


def names(folder: Path, text: str, *asked: tuple[int, int]) -> list[str | None]:
    """The names of some ports, each with its protocol."""
    path = folder / "services.csv"
    path.write_text(text, encoding="utf-8")
    services = read_services(str(path))
    return [services.name(protocol, port) for protocol, port in asked]


def test_a_port_has_the_name_of_its_protocol(tmp_path: Path) -> None:
    rows = "domain,53,udp,one\nshell,514,tcp,\nsyslog,514,udp,\nx11,6000-6063,tcp,\nlate,514,tcp,\n"
    asked = ((UDP, 53), (TCP, 53), (TCP, 514), (UDP, 514), (SCTP, 514), (TCP, 6063))
    assert names(tmp_path, HEADER + rows, *asked) == ["domain", None, "shell", "syslog", "shell", "x11"]


def test_rows_without_name_ports_or_a_transport_that_matters_are_nothing(tmp_path: Path) -> None:
    rows = "domain,53,udp,\n,54,udp,\nnowhere,,tcp,\nsctp-only,9,sctp,\nbad,x-y,tcp,\n"
    rows += "far,65535-65536,tcp,\nback,9-8,tcp,\nshort\n"
    asked = ((UDP, 53), (UDP, 54), (TCP, 9), (SCTP, 9), (TCP, 65535), (TCP, 8))
    assert names(tmp_path, HEADER + rows, *asked) == ["domain", *[None] * 5]


def test_files_beyond_all_bounds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"services\.csv:17: the registry of services names more than 1000000 ports"):
        names(tmp_path, HEADER + "all,0-65535,tcp,\n" * 20)
    with pytest.raises(ConfigError, match=r"services\.csv is larger than a registry of services may be: 16 MB"):
        names(tmp_path, HEADER + "\n" * (16 << 20))


def test_a_file_that_is_no_registry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no column 'Port Number'"):
        names(tmp_path, "Service Name,Port,Transport Protocol\n")
    with pytest.raises(ConfigError, match="has no column 'Service Name'"):
        names(tmp_path, "")
    with pytest.raises(InputError, match=r"none\.csv: the registry of services can't be read"):
        read_services(str(tmp_path / "none.csv"))
    (tmp_path / "services.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="the registry of services can't be read"):
        read_services(str(tmp_path / "services.csv"))
