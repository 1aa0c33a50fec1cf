"""The metrics of one policy, or of all of them (`__all`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from starlette.routing import BaseRoute

from pktvisor.agent.running import RunningPolicy
from pktvisor.errors import PeriodError
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs import prometheus
from pktvisor.outputs.json import Document, policy_document
from pktvisor.server.context import Context
from pktvisor.server.replies import Refusal, json_route, text_route

ALL = "__all"
METRICS = "/api/v1/policies/{name:identifier}/metrics"

Read = Callable[[RunningPolicy], list[HandlerSnapshot]]
"""Reads a bucket or a window of a policy."""


def routes(context: Context) -> list[BaseRoute]:
    """Make the routes."""

    def policies(name: str, unknown: object) -> Iterable[RunningPolicy]:
        known = context.agent.policies
        if name == ALL:
            return list(known.values())
        if name not in known:
            raise Refusal(404, unknown)
        return [known[name]]

    def document(name: str, read: Read) -> Document:
        asked = policies(name, {"error": "policy does not exist"})
        return _all(asked, read) if name == ALL else _one(next(iter(asked)), read)

    def bucket(name: str, number: int) -> Document:
        return document(name, lambda policy: policy.bucket(number))

    def window(name: str, number: int) -> Document:
        return document(name, lambda policy: policy.window(number))

    def text(name: str) -> str:
        asked = policies(name, "policy does not exists")
        return prometheus.render({policy.name: policy.latest() for policy in asked}, static=context.prometheus_labels)

    return [
        json_route(f"{METRICS}/bucket/{{number:number}}", bucket),
        json_route(f"{METRICS}/window/{{number:number}}", window),
        text_route(f"{METRICS}/prometheus", text),
    ]


def _one(policy: RunningPolicy, read: Read) -> Document:
    """Give one policy's metrics; a period that is not there names the handler that was asked first."""
    try:
        return {policy.name: policy_document(read(policy))}
    except PeriodError as error:
        nothing: Document = dict.fromkeys(policy.instances[:1])
        raise Refusal(425, {policy.name: nothing, "error": str(error)}) from None


def _all(policies: Iterable[RunningPolicy], read: Read) -> Document:
    """Give the metrics of the policies that have the period asked for."""
    document: Document = {}
    for policy in policies:
        try:
            document[policy.name] = policy_document(read(policy))
        except PeriodError:
            continue
    return document
