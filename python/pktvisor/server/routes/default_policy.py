"""The metrics of the policy `default`, as pktvisor served them before it had policies.

There is neither a policy nor a handler level in these documents, and a period that is not there is a 500.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from pktvisor.agent.running import RunningPolicy
from pktvisor.errors import PeriodError
from pktvisor.outputs import prometheus
from pktvisor.outputs.json import Document, flat_document, period_document
from pktvisor.server.context import Context
from pktvisor.server.replies import Refusal, json_route, text_route

DEFAULT = "default"


def routes(context: Context) -> list[BaseRoute]:
    """Make the routes."""

    def default() -> RunningPolicy:
        policy = context.agent.policies.get(DEFAULT)
        if policy is None:
            raise Refusal(404, {"error": 'no "default" policy exists'})
        return policy

    def bucket(number: int) -> Document:
        policy = default()
        try:
            snapshots = policy.bucket(number)
        except PeriodError as error:
            raise Refusal(500, {"1m": None, "error": str(error)}) from None
        document = flat_document(snapshots)
        if snapshots:
            document["period"] = period_document(snapshots[0])
        return {"1m": document}

    def window(number: int) -> Document:
        policy = default()
        try:
            return {f"{number}m": flat_document(policy.window(number))}
        except PeriodError as error:
            raise Refusal(500, {f"{number}m": None, "error": str(error)}) from None

    def metrics() -> str:
        policy = context.agent.policies.get(DEFAULT)
        if policy is None:
            raise Refusal(404, "")
        return prometheus.render({DEFAULT: policy.latest()}, static=context.prometheus_labels, with_handler=False)

    return [
        json_route("/api/v1/metrics/bucket/{number:number}", bucket),
        json_route("/api/v1/metrics/window/{number:number}", window),
        text_route("/metrics", metrics),
    ]
