"""JSON schemas of the documents: from their models, and from the handlers' declarations (`metric_schemas`)."""

from __future__ import annotations

from pktvisor.api import catalogue, configuring, dashboards, documents, events, forms, series
from pktvisor.api.keys import TEXT, Schema, mapping, record, reference, schema_of, schema_with
from pktvisor.server.endpoint import ERROR

EMPTY: Schema = {"type": "object", "maxProperties": 0}

COMPONENTS: dict[str, Schema] = {
    "Error": schema_of(catalogue.Refused, is_open=True),
    "Period": schema_with(forms.Period, forms.PeriodDetail),
    "Tap": schema_of(documents.ShownTap),
    "Input": schema_of(documents.ShownInput, is_open=True),
    "Module": schema_of(documents.ShownModule, is_open=True),
    "HandlerBucket": schema_of(documents.HandlerBucket),
    "Policy": schema_of(documents.ShownPolicy),
    "HandlerSeries": schema_of(series.HandlerSeries),
    "Column": schema_of(catalogue.ShownColumn),
    "Metric": schema_of(catalogue.ShownMetric),
    "Handler": schema_of(catalogue.ShownHandler),
    "DeclaredMetric": schema_of(catalogue.DeclaredMetric),
    "DeclaredHandler": schema_of(catalogue.DeclaredHandler),
    "Panel": schema_of(dashboards.ShownPanel),
    "Dashboard": schema_of(dashboards.ShownDashboard),
    "Changes": schema_of(catalogue.Changes),
    "Text": schema_of(configuring.ShownText),
    "Fault": schema_of(configuring.ShownFault),
    "Tick": schema_of(events.Tick),
    "Mark": schema_of(events.Mark),
}

APP = schema_of(documents.App)
MARKS = schema_of(events.Marks)
SESSION = schema_of(documents.ShownSession)
RATES = schema_of(documents.Rates)

TAPS = mapping(reference("Tap"))
TAPS_OR_NULL: Schema = {"anyOf": [TAPS, {"type": "null"}]}
POLICIES = mapping(reference("Policy"))
SERIES = schema_of(series.Series)
INPUTS = mapping(reference("Input"))
COLUMNS: Schema = {"type": "array", "items": reference("Column")}
HANDLERS: Schema = {"type": "array", "items": reference("Handler")}
DASHBOARDS = mapping(reference("Dashboard"))
DECLARATIONS = record({"handlers": mapping(reference("DeclaredHandler"))})
CHANGES = reference("Changes")
CONFIGURATION = schema_of(configuring.RunningConfiguration)
CHECKED = schema_of(configuring.Checked)

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
