"""A hub that runs, with policies of its own: they follow its file, whole or not at all."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from support.commands import run
from support.daemon import daemon, eventually


def test_policies_follow_the_file_on_a_signal(tmp_path: Path) -> None:
    file = tmp_path / "hub.yaml"
    file.write_text("hub: {policies: {fra: {tags: {site: fra}}}}")
    with daemon("--data-dir", str(tmp_path / "hub"), "--config", str(file), command="pktvisor-hub") as running:
        assert set(running.get("/api/v1/policies")) == {"fra"}
        file.write_text("hub:\n  policies:\n    ams: {tag: {site: ams}}\n")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(re.escape(f"{file}:3:11: hub.policies.ams.tag: there is no key 'tag' here"))
        assert set(running.get("/api/v1/policies")) == {"fra"}
        file.write_text("hub: {policies: {ams: {tags: {site: ams}}}}")
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: set(running.get("/api/v1/policies")) == {"ams"})
        assert running.stop() == 0


def test_a_file_with_mistakes_starts_nothing_and_all_of_them_are_listed(tmp_path: Path) -> None:
    file = tmp_path / "hub.yaml"
    file.write_text("hub:\n  policies:\n    a b: {}\n    c: {tag: {}}\n")
    checked = run("pktvisor-hub", "--check-config", str(file))
    assert checked.returncode == 1
    assert [line.split(":")[1] for line in checked.stderr.decode().splitlines()] == ["3", "4"]
    started = run("pktvisor-hub", "--config", str(file), "--data-dir", str(tmp_path / "hub"))
    assert (started.returncode, b"invalid module name: a b" in started.stderr) == (1, True)
    file.write_text("hub: {policies: {a: {}}}")
    told = run("pktvisor-hub", "--check-config", str(file)).stdout.decode()
    assert told == f"{file}: 1 policies, 0 texts for agents: nothing is wrong\n"


EDGES = """
visor:
  taps: {made: {input_type: mock}}
  policies:
    edge:
      kind: collection
      input: {tap: made, input_type: mock}
      handlers: {modules: {packets: {type: net}}}
"""


def test_an_agent_takes_what_the_hub_wants_and_keeps_it_while_the_hub_is_away(tmp_path: Path) -> None:
    (tmp_path / "edges.yaml").write_text(EDGES)
    file = tmp_path / "hub.yaml"
    file.write_text("hub: {desired: {edges: {tags: {role: edge}, file: edges.yaml}}}")
    with daemon("--data-dir", str(tmp_path / "hub"), "--config", str(file), command="pktvisor-hub") as hub:
        options = (
            *("--hub", f"http://127.0.0.1:{hub.port}", "--hub-policies", "--hub-policies-interval", "1"),
            *("--agent-name", "pop1", "--tag", "role=edge", "--state-dir", str(tmp_path / "state")),
        )
        with daemon(*options) as agent:
            eventually(lambda: "edge" in agent.get("/api/v1/policies"))
            eventually(lambda: hub.get("/api/v1/agents/pop1/desired")["pop1"]["state"] == "as desired")
            assert agent.get("/api/v1/policies")["edge"]["origin"] == "hub"
            (tmp_path / "edges.yaml").write_text(EDGES.replace("tap: made", "tap: nowhere"))
            hub.process.send_signal(signal.SIGHUP)
            eventually(lambda: hub.get("/api/v1/desired")["pop1"]["state"] == "refused")
            refusal = hub.get("/api/v1/desired")["pop1"]["refusal"]
            assert refusal.startswith("edges.yaml:7:20: policies.edge.input.tap: tap 'nowhere' does not exist")
            assert agent.stop() == 0
        assert hub.stop() == 0
    with daemon(*options) as agent:
        assert "edge" in agent.get("/api/v1/policies")
        agent.wait_for("the hub can't be asked for policies; what was there goes on")
        assert "edge" in agent.get("/api/v1/policies")
        assert agent.stop() == 0
