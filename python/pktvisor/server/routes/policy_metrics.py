"""The metrics of one policy, or of all of them (`__all`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from pktvisor.agent.running import RunningPolicy
from pktvisor.errors import PeriodError
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs.json import Document, policy_document
from pktvisor.server import schemas
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Content, Endpoint, Query, Refusal, refusal, text
from pktvisor.server.exposition import EXPOSITION_TYPES, exposition
from pktvisor.server.process_metrics import process_snapshots
from pktvisor.server.records import ARROW_TYPES, asks_for_records, records_answer
from pktvisor.windows.record import Record

ALL = "__all"
METRICS = "/api/v1/policies/{name:identifier}/metrics"

Read = Callable[[RunningPolicy], list[HandlerSnapshot]]
"""Reads a bucket or a window of a policy."""
Write = Callable[[Iterable[HandlerSnapshot]], Document]
"""Gives what was read as a document."""

DETAIL = Query(
    "detail",
    "Give the bounds of each entry of a top list, and with each period its ledger, and how complete it is",
    "flag",
    default=False,
)


def bucket(context: Context, name: str, number: int, accept: str, *, detail: bool) -> Document | Content:
    """Give one bucket."""
    if asks_for_records(accept):
        return _records(context, name, lambda policy: policy.bucket_records(number, context.settings.agent_name))
    return _document(context, name, lambda policy: policy.bucket(number), is_detailed=detail)


def window(context: Context, name: str, number: int, accept: str, *, detail: bool) -> Document | Content:
    """Give the newest buckets, merged."""
    if asks_for_records(accept):
        return _records(context, name, lambda policy: policy.window_records(number, context.settings.agent_name))
    return _document(context, name, lambda policy: policy.window(number), is_detailed=detail)


def prometheus(context: Context, name: str, accept: str) -> Content:
    """Give the last closed bucket, and totals, for Prometheus."""
    asked = _policies(context, name, "policy does not exists")
    policies = {policy.name: [*policy.latest(), *policy.totals()] for policy in asked}
    if name == ALL and policies:
        policies |= process_snapshots(context)
    return exposition(context, policies, accept, with_handler=True)


def _policies(context: Context, name: str, unknown: object) -> list[RunningPolicy]:
    known = context.agent.policies
    if name == ALL:
        return list(known.values())
    policy = known.get(name)
    if policy is None:
        raise Refusal(404, unknown)
    return [policy]


def _document(context: Context, name: str, read: Read, *, is_detailed: bool) -> Document:
    asked = _policies(context, name, {"error": "policy does not exist"})
    write = partial(policy_document, is_detailed=is_detailed)
    return _all(asked, read, write) if name == ALL else _one(asked[0], read, write)


def _records(context: Context, name: str, read: Callable[[RunningPolicy], list[Record]]) -> Content:
    """Give the records of a policy, or of all that have the period asked for."""
    records: list[Record] = []
    for policy in _policies(context, name, {"error": "policy does not exist"}):
        try:
            records += read(policy)
        except PeriodError as error:
            if name != ALL:
                raise Refusal(425, {"error": str(error)}) from None
    return records_answer(records)


def _one(policy: RunningPolicy, read: Read, write: Write) -> Document:
    """Give one policy's metrics; where a handler has no such period, those of the handlers before it, and its name."""
    try:
        return {policy.name: write(read(policy))}
    except PeriodError as error:
        document: Document = {"error": str(error)}
        if error.instance is not None:
            document[policy.name] = {**write(error.reached), error.instance: None}
        raise Refusal(425, document) from None


def _all(policies: Iterable[RunningPolicy], read: Read, write: Write) -> Document:
    """Give the metrics of the policies that have the period asked for."""
    document: Document = {}
    for policy in policies:
        try:
            document[policy.name] = write(read(policy))
        except PeriodError:
            continue
    return document


UNKNOWN = refusal("There is no such policy")
NO_PERIOD = Answer("There is no such bucket or window (yet)", schemas.NO_PERIOD)

ENDPOINTS = (
    Endpoint(
        path=f"{METRICS}/bucket/{{number:number}}",
        summary="One bucket of a policy, or of all (`__all`): 0 is live, 1 the last closed one",
        answer=bucket,
        query=(DETAIL,),
        ignores_other_queries=True,
        takes_accept=True,
        success=Answer(
            "Metrics by policy, handler and schema key; or window records", schemas.POLICY_METRICS, others=ARROW_TYPES
        ),
        refusals={404: UNKNOWN, 425: NO_PERIOD},
    ),
    Endpoint(
        path=f"{METRICS}/window/{{number:number}}",
        summary="The newest buckets of a policy, or of all (`__all`), merged, with the live one",
        answer=window,
        query=(DETAIL,),
        ignores_other_queries=True,
        takes_accept=True,
        success=Answer(
            "Metrics by policy, handler and schema key; or window records", schemas.POLICY_METRICS, others=ARROW_TYPES
        ),
        refusals={404: UNKNOWN, 425: NO_PERIOD},
    ),
    Endpoint(
        path=f"{METRICS}/prometheus",
        summary="A policy, or all (`__all`), for Prometheus: the last closed bucket, and totals since the start; "
        "`__all` tells of the process, too",
        answer=prometheus,
        takes_accept=True,
        is_text=True,
        success=text("The metrics, in the form that `Accept` asks for", *EXPOSITION_TYPES),
        refusals={404: text("There is no such policy"), 500: text("What went wrong")},
    ),
)
