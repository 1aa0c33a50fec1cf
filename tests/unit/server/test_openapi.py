"""The OpenAPI document is true: requests made up from it get the answers that it promises."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS

from pktvisor.handlers import handlers
from pktvisor.handlers.base import Handler
from pktvisor.metrics.kinds import Counter
from pktvisor.outputs.json import flat_document
from pktvisor.server.app import create_app
from pktvisor.server.context import make_context
from pktvisor.server.metric_schemas import handler_schema
from pktvisor.server.openapi import document
from pktvisor.server.routes import endpoints
from pktvisor.server.settings import ServerSettings
from support.agents import FakeAgent, FakeInput, FakePolicy, FakeTap
from support.serving import UNHURRIED, admin, client
from support.snapshots import counter, handler, histogram, quantiles, sample, top

METHODS = {"get", "post", "delete"}
EXAMPLES_PER_OPERATION = 25
EMPTY_STATUSES = {400, 404}
"""A name that no policy can have is an unknown path, and a body of unknown length is refused: without a document."""

DNS = handler(
    counter("dns_wire_packets_total", "wire_packets.total", 7),
    sample("cardinality", "dns_cardinality_qname", "cardinality.qname", 3),
    sample("rate", "dns_rates_total", "rates.total", quantiles(1, 2, 3, 4, live=2)),
    sample("quantiles", "dns_xact_out_quantiles_us", "xact.out.quantiles_us", quantiles(1, 2.5, 3, 4)),
    sample("top", "dns_top_qname2", "top_qname2", top("qname", **{"example.com": 4})),
)
CUSTOM = handler(
    sample("histogram", "custom_sizes", "sizes", histogram({1: 2, 2.5: 3}, 3)), instance="edge-mine", schema="custom"
)


class Unchanging(FakeAgent):
    """Lets nothing be removed, so that every request finds what the one before it found."""

    def remove_tap(self, name: str) -> None:
        pass

    def remove_policy(self, name: str) -> None:
        pass


def agent() -> FakeAgent:
    policies = {name: FakePolicy(name, [[DNS, CUSTOM], [DNS]]) for name in ("default", "edge")}
    return Unchanging(policies, taps={"default": FakeTap()}, inputs={"default": FakeInput()})


def operations(described: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, path): operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


ASKED_BY_THE_CLIENT = ("testserver",)
"""The name that the client asks for the document by."""
schema = schemathesis.openapi.from_asgi(
    "/api/v1/openapi.json",
    create_app(
        make_context(agent(), ServerSettings(names=ASKED_BY_THE_CLIENT, admin_api=True, bounds=UNHURRIED)),
    ),
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@schema.parametrize()
@settings(
    max_examples=EXAMPLES_PER_OPERATION,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_names(case: schemathesis.Case[Any]) -> None:
    response = case.call(headers={"Host": "localhost"})
    names = ["status_code_conformance"]
    if response.content or response.status_code not in EMPTY_STATUSES:
        names += ["content_type_conformance", "response_schema_conformance"]
    checks: list[Any] = [CHECKS.get_one(name) for name in names]
    case.validate_response(response, checks=checks)


def test_the_document_is_served_and_names_every_route() -> None:
    described = admin(agent()).get("/api/v1/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    named = {(method.upper(), path) for method, path in operations(described)}
    known = {
        (one.method, one.path.replace(":identifier", "").replace(":number", "")) for one in endpoints(with_admin=True)
    }
    assert named == known
    identities = [operation["operationId"] for operation in operations(described).values()]
    assert len(identities) == len(set(identities))


def test_without_the_admin_api_its_routes_are_not_named() -> None:
    described = client(agent()).get("/api/v1/openapi.json").json()
    assert {operation["x-scope"] for operation in operations(described).values()} == {"read"}
    assert {path for method, path in operations(described) if method != "get"} == {"/api/v1/session"}


def test_every_handler_and_metric_has_its_schema() -> None:
    components = document(with_admin=True, version="5.0.0")["components"]
    assert isinstance(components, dict)
    schemas = components["schemas"]
    assert {f"{type_}_{version}" for type_, version in handlers()} <= set(schemas)
    by_direction = schemas["dns_2.0"]["properties"]["in"]["properties"]
    assert by_direction["xacts"]["$ref"] == "#/components/schemas/Counter"
    assert by_direction["xacts"]["description"] == handlers()["dns", "2.0"].declared()["xacts"].help


class Odd(Counter):
    """A kind that there is not, whose values look like others."""

    name = "odd"


class OddHandler(Handler):
    """A handler with a metric of that kind."""

    type, schema, table = "odd", "odd", "packet"
    first = Odd(help="Something odd")


def test_a_new_kind_has_the_schema_of_its_shape() -> None:
    first = handler_schema(OddHandler)["properties"]["first"]  # type: ignore[index]
    assert first == {"$ref": "#/components/schemas/Counter", "description": "Something odd"}


def validator() -> jsonschema_rs.Draft202012Validator:
    described = document(with_admin=True, version="5.0.0")
    return jsonschema_rs.Draft202012Validator(
        {"$ref": "#/components/schemas/Metrics", "components": described["components"]}
    )


def test_metrics_fit_the_schema_and_wrong_ones_do_not() -> None:
    metrics = flat_document([DNS, CUSTOM])
    assert validator().is_valid(metrics)
    for wrong in (
        {"dns": {"wire_packets": {"total": "7"}}},
        {"dns": {"top_qname2": {"name": "example.com"}}},
        {"dns": {"period": {"start_ts": 0}}},
        {"packets": 3},
    ):
        assert not validator().is_valid(wrong), wrong
