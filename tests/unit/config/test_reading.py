"""Errors get their places from the document, also those that are found later."""

from __future__ import annotations

import pytest

from pktvisor.config.document import read_document
from pktvisor.config.reading import EnoughErrors, Reading, locate
from pktvisor.errors import ConfigError, ConflictError

TEXT = """\
version: "1.0"
visor:
  taps:
    wire: {input_type: pcap}
  policies:
    edge:
      handlers:
        modules:
          - dns:
              type: dsn
              config: {map: {10.0.0.1: {name: x}, 10.0.0.1.eth0: y}}
          - net:
            type: ned
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("taps.wire.input_type", "4:24"),
        ("taps.wire", "4:5"),
        ("policies.edge.handlers.modules.dns.type", "10:21"),
        ("policies.edge.handlers.modules.net.type", "13:19"),
        ("policies.edge.handlers.modules.dns.config.map.10.0.0.1.name", "11:47"),
        ("policies.edge.handlers.modules.dns.config.map.10.0.0.1.eth0", "11:66"),
        ("policies.edge.handlers.modules.dns.filter.only_qname", "9:13"),
        ("policies.edge.input.tap", "6:5"),
        ("version", "1:10"),
        ("nowhere", "3:3"),
    ],
)
def test_a_path_is_found_as_far_as_it_is_there(path: str, place: str) -> None:
    error = locate(ConfigError("it is wrong", path=path), read_document(TEXT, "edge.yaml"))
    assert str(error) == f"edge.yaml:{place}: {path}: it is wrong"


def test_a_text_that_is_no_file_has_lines_and_columns() -> None:
    error = locate(ConfigError("it is wrong", path="taps.wire"), read_document(TEXT))
    assert str(error) == "line 4, column 5: taps.wire: it is wrong"


def test_a_place_that_is_known_already_stays() -> None:
    error = ConfigError("it is wrong", path="taps", place="line 1, column 1")
    assert locate(error, read_document(TEXT)).place == "line 1, column 1"


def test_reading_goes_on_behind_a_part_that_is_wrong() -> None:
    reading = Reading(read_document(TEXT, "edge.yaml"))
    with reading.section("taps"):
        with reading.section("wire"):
            raise ConflictError("first", path="input_type")
        raise ConfigError("second")
    assert [str(error) for error in reading.errors] == [
        "edge.yaml:4:24: taps.wire.input_type: first",
        "edge.yaml:3:3: taps: second",
    ]
    assert isinstance(reading.errors[0], ConflictError)


def test_reading_ends_when_there_are_enough_errors() -> None:
    reading = Reading(read_document(TEXT), most_errors=2)
    reading.note(ConfigError("first"))
    with pytest.raises(EnoughErrors):
        reading.note(ConfigError("second"))
    assert len(reading.errors) == 2


def test_other_errors_are_not_swallowed() -> None:
    reading = Reading(read_document(TEXT))
    with pytest.raises(ZeroDivisionError), reading.section("taps"):
        raise ZeroDivisionError
