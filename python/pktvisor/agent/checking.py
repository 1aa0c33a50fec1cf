"""Whether an agent would take a configuration: everything but opening interfaces and sockets is tried."""

from __future__ import annotations

from pktvisor.agent.exchange import check_metric_names
from pktvisor.agent.preparing import Surroundings, prepare
from pktvisor.agent.stream import Stream
from pktvisor.agent.tap import Origin, Tap, make_tap
from pktvisor.config.models import AgentConfig
from pktvisor.config.reading import locate
from pktvisor.errors import ConfigError
from pktvisor.handlers.custom import Families
from pktvisor.inputs.base import Defaults
from pktvisor.policies.instances import WindowDefaults
from pktvisor.policies.policy import Databases


def check_agent(config: AgentConfig) -> list[ConfigError]:
    """Give what is wrong with the taps and policies of a configuration that is well formed, one error for each."""
    errors: list[ConfigError] = []
    taps: dict[str, Tap] = {}
    for tap in config.taps:
        try:
            taps[tap.name] = make_tap(tap, Origin.CONFIGURATION)
        except ConfigError as error:
            errors.append(error)
    around = Surroundings(
        taps, config.global_handlers, WindowDefaults(), Defaults(), Databases(), tell_taps=lambda _: {}
    )
    streams: dict[str, Stream] = {}
    owners: Families = {}
    for policy in config.policies:
        try:
            check_metric_names([prepare(policy, streams, Origin.CONFIGURATION, around)], owners)
        except ConfigError as error:
            errors.append(error)
    if config.document is None:
        return errors
    return [locate(error, config.document) for error in errors]
