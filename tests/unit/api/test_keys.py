"""A document is declared once: its schema, what the server writes and what the client reads follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import jsonschema_rs
import pytest

from pktvisor.api.documents import App, ShownTap, read_app, read_tap
from pktvisor.api.keys import COUNT, count, document_of, fields_of, flag, schema_of, settings, table, text, texts


@dataclass(frozen=True)
class Lamp:
    """A document that there is not."""

    name: str = ""
    colour: Annotated[str, text("look.colour", "red", "green")] = "red"
    watts: Annotated[int | None, count("power.watts", is_optional=True)] = None
    is_on: Annotated[bool | None, flag("power.on", is_optional=True)] = None
    hours: Annotated[Mapping[str, int], table("hours", COUNT)] = field(default_factory=dict)
    wishes: Annotated[Mapping[str, object], settings("wishes")] = field(default_factory=dict)
    rooms: Annotated[list[str], texts("rooms")] = field(default_factory=list)


FULL = Lamp("kitchen", "green", 5, True, {"monday": 3}, {"dim": "yes"}, ["kitchen"])


@pytest.mark.parametrize("lamp", [Lamp(), FULL])
def test_what_is_written_fits_the_schema_and_is_read_back(lamp: Lamp) -> None:
    document = document_of(lamp)
    jsonschema_rs.validate(schema_of(Lamp), document)
    assert Lamp(lamp.name, **fields_of(Lamp, document)) == lamp


def test_a_document_nests_and_leaves_out_what_it_may() -> None:
    assert document_of(Lamp()) == {"look": {"colour": "red"}, "hours": {}, "wishes": None, "rooms": []}
    assert document_of(FULL)["power"] == {"watts": 5, "on": True}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"look": {"colour": "blue"}, "hours": {}, "wishes": None, "rooms": []},
        {"look": {"colour": "red"}, "hours": {"monday": -1}, "wishes": None, "rooms": []},
        {"look": {"colour": "red"}, "hours": {}, "wishes": None, "rooms": [], "size": 1},
    ],
)
def test_the_schema_tells_what_is_none(wrong: object) -> None:
    assert not jsonschema_rs.is_valid(schema_of(Lamp), wrong)


def test_an_open_document_may_say_more_at_any_level() -> None:
    more = {**document_of(FULL), "size": 1, "power": {"watts": 5, "volts": 230}}
    assert jsonschema_rs.is_valid(schema_of(Lamp, is_open=True), more)
    assert not jsonschema_rs.is_valid(schema_of(Lamp), more)


@pytest.mark.parametrize("odd", [None, [], "text", 3, {"colour": None}])
def test_what_has_another_shape_is_as_if_it_were_not_there(odd: object) -> None:
    assert fields_of(Lamp, {"look": odd, "power": odd, "rooms": "kitchen"}) == {}


def test_the_server_writes_what_the_client_reads() -> None:
    app = App("5.0.0", 2.5, has_tls=True, authentication="token", is_loopback=False, server={"requests": 3})
    assert read_app(document_of(app)) == app
    tap = ShownTap("wire", "pcap", {"iface": "eth0"}, {"site": "north"}, "visor.module.input/1.0")
    assert read_tap("wire", document_of(tap)) == tap
