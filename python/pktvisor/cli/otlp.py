"""What pushes windows by OTLP, as the options say."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pktvisor.config.otel_options import OtelOptions

if TYPE_CHECKING:
    from pktvisor.outputs.otlp_push import Pusher
    from pktvisor.outputs.otlp_windows import WindowedPolicy

logger = logging.getLogger(__name__)


def otlp_pusher(
    policies: Callable[[], Mapping[str, WindowedPolicy]], options: OtelOptions, version: str, instance: str
) -> Pusher:
    """Make it. Raises `ConfigError`, `InputError` where it can't be made."""
    from pktvisor.outputs.otlp import Resource
    from pktvisor.outputs.otlp_http import Receiver
    from pktvisor.outputs.otlp_push import Pusher, PushOptions

    receiver = Receiver(
        options.otel_host,
        options.otel_port,
        options.otel_path,
        options.otel_tls,
        options.otel_tls_cert,
        options.otel_tls_key,
    )
    push = PushOptions(receiver, options.otel_interval, options.otel_deltas)
    pusher = Pusher(policies, push, Resource(version, instance, socket.gethostname()))
    logger.info("OTLP: pushing to %s:%d%s every %d s", receiver.host, receiver.port, receiver.path, push.interval_s)
    return pusher
