"""JSON schemas of the documents that do not follow from the handlers' declarations."""

from __future__ import annotations

from pktvisor.server.endpoint import ERROR, Schema


def mapping(values: Schema | bool) -> Schema:
    """Give the schema of an object whose keys are names."""
    return {"type": "object", "additionalProperties": values}


def record(properties: dict[str, object], *, is_open: bool = False, optional: tuple[str, ...] = ()) -> Schema:
    """Give the schema of an object with these keys; an open one may have others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": is_open}


def reference(name: str) -> Schema:
    """Refer to a schema in `COMPONENTS` or to one that the handlers give."""
    return {"$ref": f"#/components/schemas/{name}"}


TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
ANY_OBJECT: Schema = {"type": "object"}
EMPTY: Schema = {"type": "object", "maxProperties": 0}

SETTINGS: Schema = {"type": ["object", "null"]}
"""A free-form section of a configuration; null where it is empty."""

COMPONENTS: dict[str, Schema] = {
    "Error": record(
        {"error": TEXT, "hint": TEXT, "path": TEXT, "place": TEXT}, is_open=True, optional=("hint", "path", "place")
    ),
    "Period": record({"start_ts": COUNT, "length": COUNT}),
    "Tap": record({"config": SETTINGS, "input_type": TEXT, "interface": TEXT, "tags": SETTINGS}),
    "Input": ANY_OBJECT,
    "Policy": record(
        {"input": mapping(reference("Input")), "modules": mapping(ANY_OBJECT), "taps": mapping(reference("Tap"))},
        optional=("input", "modules", "taps"),
    ),
    "Column": record(dict.fromkeys(("table", "name", "type", "unit", "meaning"), TEXT)),
    "Metric": record({"path": TEXT, "kind": TEXT, "help": TEXT, "prometheus": TEXT, "labels": TEXTS, "groups": TEXTS}),
    "Handler": record(
        {
            "type": TEXT,
            "version": TEXT,
            "schema": TEXT,
            "inputs": TEXTS,
            "options": TEXTS,
            "groups": mapping(FLAG),
            "metrics": {"type": "array", "items": reference("Metric")},
        }
    ),
    "Changes": record(
        {
            section: record(dict.fromkeys(("added", "changed", "removed", "unchanged"), TEXTS))
            for section in ("taps", "policies")
        }
    ),
}

APP = record(
    {
        "app": record({"up_time_min": NUMBER, "version": TEXT}),
        "security": record(
            {
                "tls": FLAG,
                "authentication": {"enum": ["none", "token", "certificate", "token+certificate"]},
                "is_loopback": FLAG,
            }
        ),
        "server": mapping(COUNT),
    }
)
RATES = record({"packets": record({"in": COUNT, "out": COUNT}), "warning": TEXT})

TAPS = mapping(reference("Tap"))
TAPS_OR_NULL: Schema = {"anyOf": [TAPS, {"type": "null"}]}
POLICIES = mapping(reference("Policy"))
INPUTS = mapping(reference("Input"))
COLUMNS: Schema = {"type": "array", "items": reference("Column")}
HANDLERS: Schema = {"type": "array", "items": reference("Handler")}
CHANGES = reference("Changes")

METRICS = reference("Metrics")
"""Metrics by schema key: what the handlers declare."""
POLICY_METRICS = mapping(mapping(METRICS))
NO_PERIOD: Schema = {
    "allOf": [ERROR],
    "additionalProperties": {"anyOf": [TEXT, mapping({"anyOf": [METRICS, {"type": "null"}]})]},
}
DEFAULT_BUCKET = record({"1m": {"allOf": [METRICS], "properties": {"period": reference("Period")}}})
DEFAULT_WINDOW: Schema = {
    "type": "object",
    "patternProperties": {"^[0-9]+m$": METRICS},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}
NO_DEFAULT_PERIOD: Schema = {"allOf": [ERROR], "patternProperties": {"^[0-9]+m$": {"type": "null"}}}
