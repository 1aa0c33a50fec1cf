"""Databases that are replaced while the agent runs."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.geo import make
from pktvisor import _core
from pktvisor.agent.local import AgentSettings, LocalAgent
from pktvisor.agent.lookups import Lookups
from pktvisor.agent.policy import AgentPolicy
from pktvisor.agent.tap import Origin
from pktvisor.errors import InputError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.batch import BatchHandler
from pktvisor.handlers.flow import Flow
from pktvisor.metrics.snapshot import TopValues
from pktvisor.policies.default import default_policy, default_tap
from pktvisor.policies.instances import WindowDefaults
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from support.commands import CAPTURES
from support.dns_packets import CLIENT, SERVER, Message, Story
from support.written import file, policy

FILES = make.files()
EACH = 20_000
"""Queries in each window."""


def replace(path: Path, content: bytes) -> None:
    """Put a new file in the place of another, as geoipupdate does."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "networks.mmdb"
    path.write_bytes(FILES["asn.mmdb"])
    return path


@pytest.fixture
def lookups(path: Path) -> Lookups:
    return Lookups(None, str(path), 100)


def looked(lookups: Lookups) -> list[bool]:
    return [lookups.have_changed() for _ in range(3)]


def test_a_file_that_is_another_is_read_once_it_is_at_rest(path: Path, lookups: Lookups) -> None:
    before = lookups.databases.network
    assert looked(lookups) == [False, False, False]
    replace(path, FILES["isp.mmdb"])
    assert looked(lookups) == [False, True, True], "the first look may have come in the midst of writing"
    assert lookups.read_again()
    assert lookups.databases.network is not before
    assert looked(lookups) == [False, False, False]


def test_one_that_is_written_to_in_its_place_is_noticed_too(path: Path, lookups: Lookups) -> None:
    path.write_bytes(FILES["isp.mmdb"])
    assert looked(lookups)[-1]
    assert lookups.read_again()


def test_a_link_that_is_set_on_another_file_is_noticed(tmp_path: Path, path: Path) -> None:
    link, other = tmp_path / "link.mmdb", tmp_path / "other.mmdb"
    link.symlink_to(path)
    other.write_bytes(FILES["isp.mmdb"])
    lookups = Lookups(None, str(link), 100)
    draft = tmp_path / "draft"
    draft.symlink_to(other)
    draft.replace(link)
    assert looked(lookups)[-1]
    assert lookups.read_again()


@pytest.mark.parametrize("content", [b"", b"no database", FILES["city.mmdb"], FILES["isp.mmdb"][:-40], None])
def test_one_that_can_not_be_used_is_told_once_and_the_old_one_goes_on(
    path: Path, lookups: Lookups, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    before = lookups.databases.network
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert looked(lookups)[-1]
    with caplog.at_level(logging.ERROR):
        assert not lookups.read_again()
        assert not lookups.read_again()
    (told,) = caplog.messages
    assert told.startswith(f"{path} has changed but can't be used; the old one stays in use: ")
    assert lookups.databases.network is before
    assert looked(lookups) == [False, False, False], "nobody tries it again"
    replace(path, FILES["isp.mmdb"])
    assert looked(lookups)[-1]
    assert lookups.read_again(), "a good one is taken after a bad one"


def test_a_file_that_comes_back_as_it_was_is_nothing_new(path: Path, lookups: Lookups) -> None:
    aside = path.with_suffix(".aside")
    path.rename(aside)
    assert looked(lookups)[-1]
    assert not lookups.read_again()
    aside.rename(path)
    assert looked(lookups) == [False, False, False]


def test_one_that_can_not_be_used_at_the_start_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.mmdb"):
        Lookups(str(tmp_path / "none.mmdb"), None, 100)


@pytest.fixture
def running(agent: LocalAgent, path: Path, lookups: Lookups) -> LocalAgent:
    made = LocalAgent(AgentSettings(databases=lookups.databases))
    made.define(default_tap("eth0", ""), Origin.COMMAND_LINE)
    return made


def networks(agent: LocalAgent) -> set[str]:
    """The networks that the policy names, having read a capture."""
    policy = agent.start(default_policy("udp", WindowDefaults(periods=1)), Origin.COMMAND_LINE)
    run_file(str(CAPTURES / "multi_window.pcap"), policy.parts[0].policy, hosts="10.9.0.2/32")
    (net,) = [one for one in policy.bucket(0) if one.schema == "packets"]
    (top,) = [sample.value for sample in net.samples if sample.path == ("top_ASN",)]
    return {entry.name for entry in top.entries}  # type: ignore[union-attr]


def test_policies_that_come_later_have_the_new_databases(running: LocalAgent, path: Path, lookups: Lookups) -> None:
    assert networks(running) == {"4200000000/Big Number"}
    running.remove_policy("default")
    replace(path, FILES["isp.mmdb"])
    assert lookups.read_again()
    running.look_up_in(lookups.databases)
    assert networks(running) == {"Unknown"}


def test_a_policy_that_was_planned_before_the_replacement_has_the_new_ones(
    running: LocalAgent, path: Path, lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out = running._at_work._carry_out

    def replace_and_carry_out(exchange: object) -> object:
        replace(path, FILES["isp.mmdb"])
        if lookups.read_again():
            running.look_up_in(lookups.databases)
        return carry_out(exchange)  # type: ignore[arg-type]

    monkeypatch.setattr(running._at_work, "_carry_out", replace_and_carry_out)
    assert networks(running) == {"Unknown"}


def names(policy: AgentPolicy, bucket: int) -> dict[str, int]:
    """The ends of names that a window has counted."""
    ((dns, *_),) = [policy.bucket(bucket)]
    (top,) = [sample.value for sample in dns.samples if sample.path == ("top_qname2",)]
    assert isinstance(top, TopValues)
    return {entry.name: entry.estimate for entry in top.entries}


class Replacing(BatchHandler):
    """Replaces a file once the first packets have been counted."""

    budget_ms = None

    def __init__(self, replace: Callable[[], None]) -> None:
        super().__init__()
        self._replace = replace
        self.batches = 0

    def on_batch(self, batch: _core.Batch) -> None:
        if self.batches == 0:
            self._replace()
        self.batches += 1


def test_another_list_of_suffixes_counts_from_the_next_window_on_and_no_query_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "suffixes.dat"
    path.write_text("test\n")
    lookups = Lookups(None, None, 100, suffix_list=str(path))
    agent = LocalAgent(AgentSettings(databases=lookups.databases))
    modules = "{dns: {type: dns, config: {public_suffix_list: true}}}"
    agent.apply(file(policy(modules=modules)), is_dry_run=False)
    edge = agent.policies["edge"]

    def renew() -> None:
        replace(path, b"test\nco.test\n")
        assert lookups.read_again()
        agent.look_up_in(lookups.databases)

    replacing = Replacing(renew)
    story, query = Story(), Message(name="www.example.co.test")
    for number in range(3 * EACH):
        story.udp(number * 60 / EACH, CLIENT, SERVER, query)
    run_file(str(story.write(tmp_path / "queries.pcap")), edge.parts[0].policy, handlers=[replacing])
    assert replacing.batches > 1, "it came while packets came"
    assert [names(edge, bucket) for bucket in (2, 1, 0)] == [
        {".co.test": EACH},
        {".example.co.test": EACH},
        {".example.co.test": EACH},
    ]

    path.write_bytes(b"test\n<html>\n")
    before = lookups.databases.suffixes
    assert not lookups.read_again()
    assert f"{path}:2: '<html>' is no rule of a suffix list" in caplog.messages[-1]
    assert lookups.databases.suffixes is before, "the old one goes on"


def ports(policy: Policy) -> Counter[str]:
    """What a policy calls the ports that flow records come from, with their packets."""
    (flow,) = policy.bucket(0, 0)
    lists = [one.value for one in flow.samples if one.path[-1] == "top_in_src_ports_packets"]
    counted: Counter[str] = Counter()
    for top in lists:
        assert isinstance(top, TopValues)
        counted.update({entry.name: entry.estimate for entry in top.entries})
    return counted


def test_another_registry_of_services_names_ports_from_then_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "services.csv"
    registry = "Service Name,Port Number,Transport Protocol\n{0},0-65535,udp\n{0},0-65535,tcp\n"
    path.write_text(registry.format("before"))
    lookups = Lookups(None, None, 100, services=str(path))
    instance = Instance("flow", Flow(HandlerSettings(names_services=True)), "tap")
    counting = Policy("edge", [instance], periods=1, databases=lookups.databases, is_recorded=True)

    run_file(str(CAPTURES / "flow_devices.pcap"), counting, reads_flows=True)
    first = ports(counting)
    assert list(first) == ["before"]
    replace(path, registry.format("after").encode())
    assert lookups.read_again()
    counting.look_up_in(lookups.databases)
    run_file(str(CAPTURES / "flow_devices.pcap"), counting, reads_flows=True)
    assert ports(counting) == {"before": first["before"], "after": first["before"]}

    path.write_text("a page, not a registry\n")
    assert not lookups.read_again()
    assert "has no column 'Service Name'" in caplog.messages[-1]


def test_nothing_is_left_open(path: Path, lookups: Lookups) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("isp.mmdb", "asn.mmdb") * 5:
        replace(path, FILES[name])
        assert lookups.read_again()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
