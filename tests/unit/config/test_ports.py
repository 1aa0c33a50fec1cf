from __future__ import annotations

import pytest

from pktvisor.config.models import Value
from pktvisor.config.ports import ANY_PORT, port_options, read_ports, written_port
from pktvisor.errors import ConfigError


@pytest.mark.parametrize(
    ("value", "ports"),
    [
        (["8600", "53"], (53, 8600)),
        ("8600, 53,53", (53, 8600)),
        (8600, (8600,)),
        ("65535", (65535,)),
    ],
)
def test_ports_are_a_list_a_text_or_a_number(value: Value, ports: tuple[int, ...]) -> None:
    assert read_ports(value) == ports


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([], "give at least one port"),
        ("", "'' is not a port"),
        ("53,", "'' is not a port"),
        ("53;54", "'53;54' is not a port"),
        (0, "'0' is not a port"),
        (["65536"], "'65536' is not a port"),
        (["-1"], "'-1' is not a port"),
        (True, "ports must be a list, or a text with commas such as 53,8600, not true"),
        ({"udp": 53}, "ports must be a list, or a text with commas such as 53,8600, not a map"),
        ([str(port) for port in range(1, 300)], "at most 256 ports are allowed, not 299"),
    ],
)
def test_what_are_no_ports_is_said(value: Value, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_ports(value)
    assert why in caught.value.message


def test_any_stands_among_ports_where_a_protocol_is_known_by_its_content() -> None:
    assert read_ports("any", may_be_any=True) == (ANY_PORT,)
    assert read_ports(["8600", "any"], may_be_any=True) == (ANY_PORT, 8600)
    assert [written_port(port) for port in (ANY_PORT, 8600)] == ["any", "8600"]
    with pytest.raises(ConfigError, match="'any' is not a port: use a number from 1 to 65535"):
        read_ports("any")
    with pytest.raises(ConfigError, match="'x' is not a port: use a number from 1 to 65535, or any"):
        read_ports("x", may_be_any=True)


def test_an_option_reads_the_ports_of_its_protocol() -> None:
    option = port_options()["dns"]
    assert (option.key, option.read({}), option.read({"dns_ports": "any, 53"})) == ("dns_ports", (), (ANY_PORT, 53))
    with pytest.raises(ConfigError) as caught:
        option.read({"dns_ports": "x"})
    assert caught.value.path == "dns_ports"
