"""Three sites in namespaces, each with a real DNS server of another kind and an agent, and a hub that hears of all."""

from __future__ import annotations

import functools
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from support.daemon import PATIENCE_S, Daemon, daemon, eventually
from support.dns_servers import UNBOUND, ZONE, program, question, running
from support.namespaces import in_namespace

NAMED = """
options {{
  directory "{folder}"; pid-file none; session-keyfile none; lock-file none; managed-keys-directory "{folder}";
  listen-on {{ any; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no;
}};
controls {{ }};
zone "example" {{ type primary; file "{folder}/zone"; }};
"""

KNOT = """
server:
  listen: 0.0.0.0@53
  rundir: "{folder}"
database:
  storage: "{folder}"
zone:
  - domain: example
    file: "{folder}/zone"
"""

EVERYWHERE = "interface: 0.0.0.0\n  access-control: 10.0.0.0/8 allow"

SERVERS = {
    "fra": ("named", ("-g", "-c"), NAMED),
    "nyc": ("knotd", ("-c",), KNOT),
    "tyo": ("unbound", ("-d", "-c"), UNBOUND),
}
"""By site: the server, how it runs in the foreground, and its configuration."""
A_YEAR_S = 31_536_000
"""Longer than any other step: the test's time is in one, whenever it runs."""


@dataclass(frozen=True)
class Site:
    """A namespace behind a link of its own."""

    name: str
    number: int
    within: tuple[str, ...]
    """The words that begin a command there."""

    @property
    def hub(self) -> str:
        return f"10.8.{self.number}.1"

    @property
    def server(self) -> str:
        return f"10.8.{self.number}.2"

    def names(self) -> list[str]:
        """What its clients ask for: half of their names are those of the next site, and one is everybody's."""
        own = [f"n{number}.example" for number in range(100 * self.number, 100 * self.number + 200)]
        return own + ["popular.example"] * (40 + 10 * self.number)


@contextmanager
def site(name: str, number: int) -> Iterator[Site]:
    """Make a site, with a link from the namespace of the story."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    one = Site(name, number, ("nsenter", f"--net=/proc/{holder.pid}/ns/net"))
    here = Path("/proc/thread-self/ns/net").readlink()
    try:
        eventually(lambda: Path(f"/proc/{holder.pid}/ns/net").readlink() != here)
        for line in (
            f"ip link add {name} type veth peer name uplink netns {holder.pid}",
            f"ip link set {name} up",
            f"ip addr add {one.hub}/24 dev {name}",
            *(f"{' '.join(one.within)} ip {rest}" for rest in ("link set lo up", "link set uplink up")),
            f"{' '.join(one.within)} ip addr add {one.server}/24 dev uplink",
        ):
            subprocess.run(line.split(), check=True)
        yield one
    finally:
        holder.kill()
        holder.wait()


@contextmanager
def server(one: Site, folder: Path) -> Iterator[None]:
    """Run the DNS server of a site, and wait until it answers."""
    command, options, text = SERVERS[one.name]
    folder.mkdir()
    (folder / "zone").write_text(ZONE)
    (folder / "conf").write_text(text.format(folder=folder, listening=EVERYWHERE))
    with running(*one.within, program(command), *options, str(folder / "conf")):
        eventually(functools.partial(answers, one, "up.example", 1.0))
        yield


def answers(one: Site, name: str, patience_s: float = PATIENCE_S) -> bool:
    """Ask the server of a site for a name, once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(patience_s)
        try:
            client.sendto(question(name), (one.server, 53))
            return len(client.recv(1232)) > 12
        except OSError:
            return False


def agent(one: Site, port: int) -> tuple[str, ...]:
    """The command line of a site's agent."""
    to_hub = ("--hub", f"http://{one.hub}:{port}", "--agent-name", f"{one.name}1", "--tag", f"site={one.name}")
    return (*to_hub, "--window-length", "2", "--periods", "20", "-b", "udp port 53", "uplink")


def history(hub: Daemon, metric: str, **more: object) -> dict[str, Any]:
    """All that the hub knows of a metric, as one point of each series."""
    now = int(time.time())
    asked = {"metric": metric, "from": now - 3600, "to": now + 60, "step": A_YEAR_S, **more}
    series: dict[str, list[tuple[int, Any]]] = hub.get(f"/api/v1/history?{urlencode(asked)}")["series"]
    return {name: value for name, ((_, value),) in series.items()}


def ask(sites: Sequence[Site], hub: Daemon) -> None:
    """Run the agents, and let the clients ask what they ask; the agents send the rest as they end."""
    with ExitStack() as stack:
        agents = [stack.enter_context(daemon(*agent(one, hub.port), within=one.within)) for one in sites]
        for one in sites:
            assert all(answers(one, name) for name in one.names())
        for each in agents:
            assert each.stop() == 0


def test_a_hub_tells_the_truth_about_three_sites(tmp_path: Path) -> None:
    def story() -> None:
        with ExitStack() as stack:
            sites = [stack.enter_context(site(name, number)) for number, name in enumerate(SERVERS, start=1)]
            for one in sites:
                stack.enter_context(server(one, tmp_path / one.name))
            names = ",".join(one.hub for one in sites)
            options = ("--data-dir", str(tmp_path / "hub"), "--host-names", names)
            hub = stack.enter_context(daemon(*options, command="pktvisor-hub", host="0.0.0.0"))
            ask(sites, hub)
            check(hub, sites)
            assert hub.stop() == 0

    in_namespace(story)


def check(hub: Daemon, sites: Sequence[Site]) -> None:
    """Compare what the hub tells with what was asked."""
    asked = {one.name: Counter(one.names()) for one in sites}
    everywhere = sum(asked.values(), Counter())
    queries = {name: names.total() for name, names in asked.items()}
    assert history(hub, "dns.wire_packets.queries", by="site") == queries
    assert history(hub, "dns.wire_packets.queries") == {"": everywhere.total()}
    (distinct,) = history(hub, "dns.cardinality.qname").values()
    assert abs(distinct - len(everywhere)) <= 0.02 * len(everywhere)
    assert weights(history(hub, "dns.top_qname2", top=1000)[""]) == seen_twice(everywhere)
    lists = history(hub, "dns.top_qname2", by="site", top=1000)
    assert {name: weights(found) for name, found in lists.items()} == {
        name: seen_twice(names) for name, names in asked.items()
    }
    only = hub.get("/api/v1/history/sets?metric=dns.top_qname2&tag=site&in=tyo&not_in=fra,nyc&top=1000")
    assert only["is_certain"]
    assert {item["name"] for item in only["items"]} == set(asked["tyo"]) - set(asked["fra"]) - set(asked["nyc"])


def weights(items: Sequence[dict[str, Any]]) -> dict[str, int]:
    """A top list that is exact, by item."""
    assert all(item["lower"] == item["estimate"] == item["upper"] for item in items)
    return {item["name"]: item["estimate"] for item in items}


def seen_twice(names: Counter[str]) -> dict[str, int]:
    """How often names are seen: in each query, and in its response."""
    return {name: 2 * times for name, times in names.items()}
