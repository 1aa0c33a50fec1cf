"""The OpenAPI 3.1 document, written from the endpoints' declarations and the handlers' metrics."""

from __future__ import annotations

import re
from http import HTTPStatus

from pktvisor.api.keys import Schema
from pktvisor.outputs.json import Document
from pktvisor.server.bodies import CONFIGURATION_TYPES
from pktvisor.server.endpoint import JSON_TYPES, Answer, Endpoint, Query, refusal
from pktvisor.server.metric_schemas import metric_components
from pktvisor.server.replies import AgentConvertor, IdentifierConvertor
from pktvisor.server.routes import Groups, groups
from pktvisor.server.schemas import COMPONENTS

PARAMETER = re.compile(r"\{(\w+):(\w+)\}")
PATH_SCHEMAS: dict[str, Schema] = {
    "identifier": {"type": "string", "pattern": f"^{IdentifierConvertor.regex}$"},
    "agent": {"type": "string", "pattern": f"^{AgentConvertor.regex}$"},
    "number": {"type": "integer", "minimum": 0},
}
NOT_NAMED = refusal("`Host` does not name this agent; only where neither tokens nor certificates are asked for")
TITLE = "pktvisor"
SUMMARY = "What the network and the DNS are doing, summarised where it happens"


def document(*, with_admin: bool, version: str, served: Groups | None = None) -> Document:
    """Describe the routes, those of an agent where no others are served; those of the admin API included or not."""
    paths: dict[str, Document] = {}
    for group, endpoints in (groups() if served is None else served).items():
        for endpoint in endpoints:
            if with_admin or endpoint.scope != "admin":
                path = PARAMETER.sub(r"{\1}", endpoint.path)
                paths.setdefault(path, {})[endpoint.method.lower()] = _operation(group, endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "summary": SUMMARY,
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**COMPONENTS, **metric_components()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        # Without a token file nobody is asked for a token, hence the empty alternative.
        "security": [{"token": []}, {}],
    }


def _operation(group: str, endpoint: Endpoint) -> Document:
    operation: Document = {
        "operationId": f"{group}_{endpoint.answer.__name__}",
        "summary": endpoint.summary,
        "tags": [group],
        "x-scope": endpoint.scope,
        "parameters": [*_path_parameters(endpoint.path), *map(_query_parameter, endpoint.query)],
        **({"security": []} if endpoint.is_public else {}),
        "responses": {str(status): _response(status, answer) for status, answer in sorted(answers(endpoint).items())},
    }
    if endpoint.body_types:
        taken = {name: {"schema": _body_schema(endpoint, name)} for name in endpoint.body_types}
        operation["requestBody"] = {"required": True, "content": taken}
    if endpoint.takes_configuration:
        schema: Schema = {"type": "string"}
        content = {name: {"schema": schema if name.endswith("yaml") else {}} for name in CONFIGURATION_TYPES}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _body_schema(endpoint: Endpoint, content_type: str) -> Schema:
    return endpoint.body_schema if content_type in JSON_TYPES else {"type": "string", "format": "binary"}


def answers(endpoint: Endpoint) -> dict[int, Answer]:
    """Give all that an endpoint may answer, by status."""
    found = {
        429: refusal("The client asks too often"),
        503: refusal(
            "Others are still taking large answers" + (", or asking what takes long" if endpoint.takes_long else "")
        ),
        500: refusal("What went wrong"),
        **_access_answers(endpoint),
        **_request_answers(endpoint),
        **endpoint.refusals,
    }
    return {**found, endpoint.status: endpoint.success}


def _access_answers(endpoint: Endpoint) -> dict[int, Answer]:
    others = "A page of another site asks"
    scopes = " or ".join(dict.fromkeys((endpoint.scope, "admin")))
    scopes += " (nor is it the token of this agent)" if endpoint.is_own else ""
    if endpoint.is_public:
        return {403: refusal(others), 421: NOT_NAMED}
    return {
        401: refusal("A valid token is needed"),
        403: refusal(f"The token's scope is not {scopes}, or: {others.lower()}"),
        421: NOT_NAMED,
    }


def _request_answers(endpoint: Endpoint) -> dict[int, Answer]:
    found = {}
    if endpoint.query:
        found[400] = refusal("A parameter is invalid")
    if endpoint.body_types:
        found[408] = refusal("The body did not arrive in time")
        found[413] = refusal("The body is too large")
        found[415] = refusal(f"The content type is not {' or '.join(endpoint.body_types)}")
    if endpoint.method == "POST" and not endpoint.takes_configuration:
        found[400] = refusal("No Content-Length, or a parameter is invalid")
    if endpoint.takes_configuration:
        found[400] = refusal("The content type is neither YAML nor JSON, or a parameter is invalid")
        found[408] = refusal("The body did not arrive in time")
        found[413] = refusal("The body is too large")
    return found


def _path_parameters(path: str) -> list[Document]:
    return [
        {"name": name, "in": "path", "required": True, "schema": PATH_SCHEMAS[kind]}
        for name, kind in PARAMETER.findall(path)
    ]


def _query_parameter(query: Query) -> Document:
    schemas: dict[str, Schema] = {
        "number": {"type": "integer", "minimum": query.least, "maximum": query.most},
        "flag": {"type": "boolean"},
        "text": {"type": "string", "maxLength": query.most},
    }
    schema = schemas[query.kind]
    if query.default is not None:
        schema = {**schema, "default": query.default}
    return {"name": query.name, "in": "query", "description": query.meaning, "schema": schema}


def _response(status: int, answer: Answer) -> Document:
    response: Document = {"description": answer.meaning or HTTPStatus(status).phrase}
    if answer.types:
        schemas = {**dict.fromkeys(answer.types, answer.schema or {}), **answer.others}
        response["content"] = {name: {"schema": schema} for name, schema in schemas.items()}
    return response
