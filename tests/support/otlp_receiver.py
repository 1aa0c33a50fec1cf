"""An OTLP receiver on loopback, which answers as it is told."""

from __future__ import annotations

import gzip
import ssl
from contextlib import AbstractContextManager
from dataclasses import dataclass

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from support.http_receiver import Answer, HttpReceiver, answer, serving


@dataclass
class Receiver(HttpReceiver):
    """What has arrived, and what is answered."""

    @property
    def requests(self) -> list[ExportMetricsServiceRequest]:
        """The bodies, read."""
        return [ExportMetricsServiceRequest.FromString(gzip.decompress(body)) for body in self.bodies]


def partial_success(rejected: int, message: str) -> Answer:
    """Take all but some data points."""
    body = ExportMetricsServiceResponse()
    body.partial_success.rejected_data_points = rejected
    body.partial_success.error_message = message
    return answer(200, body.SerializeToString(), Content_Type="application/x-protobuf")


def receiving(*answers: Answer, tls: ssl.SSLContext | None = None) -> AbstractContextManager[Receiver]:
    """Run a receiver."""
    return serving(Receiver(answers=list(answers)), tls)
