"""A policy of a running daemon is edited: read as text, checked, tried, changed, and set back by its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.daemon import Daemon, daemon, eventually

FILE = """\
visor:
  taps:
    made: {input_type: pcap, config: {iface: mocked, pcap_source: mock}}
  policies:
    # Names that people ask for.
    edge:
      kind: collection
      input: {tap: made, input_type: pcap}
      handlers:
        window_config: {length_s: 1}
        modules:
          names: {type: dns, require_version: "2.0"}
    other:
      kind: collection
      input: {tap: made, input_type: pcap}
      handlers: {modules: {packets: {type: net}}}
"""


def post(running: Daemon, path: str, text: str) -> Any:
    status, body = running.request("POST", path, text)
    assert status == 200, body
    return json.loads(body)


def test_a_policy_is_edited_while_others_go_on(tmp_path: Path) -> None:
    path = tmp_path / "edge.yaml"
    path.write_text(FILE)
    with daemon("--admin-api", "--config", str(path)) as running:
        shown = running.get("/api/v1/config")["policies"]
        edge, other = shown["edge"], shown["other"]
        assert (edge["file"], "# Names that people ask for." in edge["text"]) == ("edge.yaml", True)

        [fault] = post(running, "/api/v1/config/check", edge["text"].replace("type: dns", "type: dsn"))["faults"]
        assert fault["fix"]["text"] == "dns"

        def kept_windows() -> int:
            return int(post(running, "/api/v1/config/policy?dry_run=true", changed)["dropped"]["edge"]["windows"])

        changed = edge["text"].replace("length_s: 1", "length_s: 2")
        eventually(lambda: kept_windows() >= 2)
        told = post(running, f"/api/v1/config/policy?base={edge['digest']}", changed)
        assert (told["policies"]["changed"], told["policies"]["unchanged"]) == (["edge"], ["other"])
        assert [one["becomes"] for one in told["inputs"].values()] == ["unchanged"]
        now = running.get("/api/v1/config")["policies"]
        assert now["edge"]["text"] == changed
        assert now["other"] == other

        assert running.request("POST", f"/api/v1/config/policy?base={edge['digest']}", edge["text"])[0] == 409
        wrong = changed.replace("type: dns", "type: dsn")
        assert running.request("POST", "/api/v1/config/policy", wrong)[0] == 422
        assert post(running, "/api/v1/config/reload", "")["policies"]["changed"] == ["edge"]
        assert running.get("/api/v1/config")["policies"]["edge"]["text"] == edge["text"]
