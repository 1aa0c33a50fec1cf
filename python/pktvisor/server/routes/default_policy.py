"""The metrics of the policy `default`, as pktvisor served them before it had policies.

There is neither a policy nor a handler level in these documents, and a period that is not there is a 500.
"""

from __future__ import annotations

from pktvisor.agent.running import RunningPolicy
from pktvisor.errors import PeriodError
from pktvisor.outputs.json import Document, flat_document, period_document
from pktvisor.server import schemas
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Content, Endpoint, Refusal, nothing, refusal, text
from pktvisor.server.exposition import EXPOSITION_TYPES, exposition
from pktvisor.server.process_metrics import process_snapshots
from pktvisor.server.records import ARROW_TYPES, asks_for_records, records_answer
from pktvisor.server.routes.policy_metrics import DETAIL

DEFAULT = "default"


def bucket(context: Context, number: int, accept: str, *, detail: bool) -> Document | Content:
    """Give one bucket, with the period of its first handler above all."""
    policy = _default(context)
    try:
        if asks_for_records(accept):
            return records_answer(policy.bucket_records(number, context.settings.agent_name))
        snapshots = policy.bucket(number)
    except PeriodError as error:
        raise Refusal(500, {"1m": None, "error": str(error)}) from None
    document = flat_document(snapshots, is_detailed=detail)
    if snapshots:
        document["period"] = period_document(snapshots[0], is_detailed=detail)
    return {"1m": document}


def window(context: Context, number: int, accept: str, *, detail: bool) -> Document | Content:
    """Give the newest buckets, merged."""
    policy = _default(context)
    try:
        if asks_for_records(accept):
            return records_answer(policy.window_records(number, context.settings.agent_name))
        return {f"{number}m": flat_document(policy.window(number), is_detailed=detail)}
    except PeriodError as error:
        raise Refusal(500, {f"{number}m": None, "error": str(error)}) from None


def metrics(context: Context, accept: str) -> Content:
    """Give the last closed bucket, and totals, for Prometheus, without the label `handler`."""
    policy = context.agent.policies.get(DEFAULT)
    if policy is None:
        raise Refusal(404, "")
    policies = {DEFAULT: [*policy.latest(), *policy.totals()], **process_snapshots(context)}
    return exposition(context, policies, accept, with_handler=False)


def _default(context: Context) -> RunningPolicy:
    policy = context.agent.policies.get(DEFAULT)
    if policy is None:
        raise Refusal(404, {"error": 'no "default" policy exists'})
    return policy


NO_DEFAULT = refusal("There is no policy `default`")
NO_PERIOD = Answer("There is no such bucket or window (yet)", schemas.NO_DEFAULT_PERIOD)

ENDPOINTS = (
    Endpoint(
        path="/api/v1/metrics/bucket/{number:number}",
        summary="One bucket of the policy `default`: 0 is live, 1 the last closed one",
        answer=bucket,
        query=(DETAIL,),
        ignores_other_queries=True,
        takes_accept=True,
        success=Answer("The bucket, under `1m`; or window records", schemas.DEFAULT_BUCKET, others=ARROW_TYPES),
        refusals={404: NO_DEFAULT, 500: NO_PERIOD},
    ),
    Endpoint(
        path="/api/v1/metrics/window/{number:number}",
        summary="The newest buckets of the policy `default`, merged, with the live one",
        answer=window,
        query=(DETAIL,),
        ignores_other_queries=True,
        takes_accept=True,
        success=Answer(
            "The window, under its number and `m`; or window records", schemas.DEFAULT_WINDOW, others=ARROW_TYPES
        ),
        refusals={404: NO_DEFAULT, 500: NO_PERIOD},
    ),
    Endpoint(
        path="/metrics",
        summary="The policy `default` for Prometheus: the last closed bucket, totals since the start, and the process",
        answer=metrics,
        takes_accept=True,
        is_text=True,
        success=text("The metrics, in the form that `Accept` asks for", *EXPOSITION_TYPES),
        refusals={404: nothing("There is no policy `default`"), 500: text("What went wrong")},
    ),
)
