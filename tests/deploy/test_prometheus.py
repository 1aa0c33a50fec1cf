"""What deploy/prometheus gives to operators: as Prometheus itself reads it, over a real agent and a real hub."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.daemon import daemon, eventually
from support.hub_daemons import stored
from support.prometheus_names import names_asked_for, names_of_series
from support.prometheus_servers import Prometheus, needs_prometheus, prometheus_server

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
PAGE = FOLDER.parents[1] / "docs" / "how-to" / "scrape-with-prometheus.md"
RULES = sorted((FOLDER / "rules").glob("*.yml"))
pytestmark = needs_prometheus

Rule = dict[str, Any]


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which("promtool")
    assert found is not None, "Debian's package prometheus brings it along"
    return subprocess.run([found, *arguments], check=False, capture_output=True, text=True, timeout=120)


def rules() -> list[Rule]:
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def unknown(query: str) -> set[str]:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    return names_asked_for(query) - names_of_series() - recorded - {"up"}


def test_rules_are_sound_and_say_what_their_tests_expect() -> None:
    checked = promtool("check", "rules", "--lint-fatal", *map(str, RULES))
    assert checked.returncode == 0, checked.stderr + checked.stdout
    tested = promtool("test", "rules", *map(str, (FOLDER / "tests").glob("*.yml")))
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_has_a_test_in_which_it_fires() -> None:
    tests = [test for path in (FOLDER / "tests").glob("*.yml") for test in yaml.safe_load(path.read_text())["tests"]]
    fired = {one["alertname"] for test in tests for one in test["alert_rule_test"] if one.get("exp_alerts")}
    assert fired == {rule["alert"] for rule in rules() if "alert" in rule}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule.get("record") or rule["alert"]))
def test_a_rule_asks_for_what_is_declared(rule: Rule) -> None:
    assert unknown(rule["expr"]) == set()


def test_a_name_that_nobody_declares_is_found() -> None:
    assert unknown('sum by (tap) (rate(pktvisor_packets_totals{policy="x"}[5m])) > 0 and up') == {
        "pktvisor_packets_totals"
    }


def described(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def test_the_configuration_for_fixed_addresses_is_sound() -> None:
    checked = promtool("check", "config", str(FOLDER / "prometheus.yml"))
    assert checked.returncode == 0, checked.stderr


def test_pods_get_their_addresses_from_annotations(tmp_path: Path) -> None:
    """Debian's Prometheus knows no Kubernetes: the pods are made up, the rules for their labels are not."""
    pods = [
        {"ip": "10.0.0.7", "port": "10853", "scrape": "true", "path": "/metrics", "phase": "Running"},
        {"ip": "2001:db8::7", "port": "10854", "scrape": "true", "path": "/other", "phase": "Running"},
        {"ip": "10.0.0.8", "port": "10853", "scrape": "false", "path": "/metrics", "phase": "Running"},
        {"ip": "10.0.0.9", "port": "10853", "scrape": "true", "path": "/metrics", "phase": "Succeeded"},
    ]
    config = yaml.safe_load(described("kubernetes.yml"))
    del config["rule_files"]
    (job,) = config["scrape_configs"]
    assert job.pop("kubernetes_sd_configs") == [{"role": "pod"}]
    job["static_configs"] = [{"targets": ["127.0.0.1:9"], "labels": dict(_meta_labels(pod))} for pod in pods]
    with prometheus_server(tmp_path, yaml.safe_dump(config)) as server:
        eventually(lambda: len(_targets(server)) == 2)
        found = {one["scrapeUrl"]: one["labels"] for one in _targets(server)}
    assert set(found) == {"http://10.0.0.7:10853/metrics", "http://[2001:db8::7]:10854/other"}
    labels = found["http://10.0.0.7:10853/metrics"]
    assert (labels["namespace"], labels["pod"], labels["node"]) == ("monitoring", "pod-10.0.0.7", "node-1")


def _meta_labels(pod: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield "__meta_kubernetes_pod_ip", pod["ip"]
    yield "__meta_kubernetes_pod_phase", pod["phase"]
    yield "__meta_kubernetes_namespace", "monitoring"
    yield "__meta_kubernetes_pod_name", f"pod-{pod['ip']}"
    yield "__meta_kubernetes_pod_node_name", "node-1"
    for name in ("scrape", "port", "path"):
        yield f"__meta_kubernetes_pod_annotation_prometheus_io_{name}", pod[name]


def _targets(server: Prometheus) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = server.get("/api/v1/targets", state="active")["activeTargets"]
    except OSError:
        return []
    return found


def remote_write(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", **variables}
    command = [str(FOLDER / "remote-write"), str(folder)]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=60)


def test_remote_write_takes_its_variables_and_keeps_the_password_apart(tmp_path: Path) -> None:
    variables = {
        "REMOTE_URL": "https://prometheus.example/api/v1/write?a=1",
        "USERNAME": "it's: #1",
        "PASSWORD": "s3'cret",
    }
    made = remote_write(tmp_path, **variables)
    assert made.returncode == 0, made.stderr
    written = tmp_path / "remote-write.yml"
    checked = promtool("check", "config", "--agent", str(written))
    assert checked.returncode == 0, checked.stderr
    (receiver,) = yaml.safe_load(written.read_text())["remote_write"]
    assert (receiver["url"], receiver["basic_auth"]["username"]) == (variables["REMOTE_URL"], variables["USERNAME"])
    password = Path(receiver["basic_auth"]["password_file"])
    assert (password.read_text(), oct(password.stat().st_mode & 0o777)) == (variables["PASSWORD"], "0o600")
    assert variables["PASSWORD"] not in written.read_text()


def test_the_page_has_the_option_by_which_this_version_sends_and_keeps_nothing() -> None:
    told = subprocess.run(["prometheus", "--version"], capture_output=True, text=True, check=True)
    major = re.search(r"version (\d+)\.", told.stdout + told.stderr)
    assert major is not None
    (option,) = re.findall(
        rf"^    prometheus (\S+) --config\.file=.*# Prometheus {major[1]}", PAGE.read_text(), re.MULTILINE
    )
    done = subprocess.run(["prometheus", option, "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_remote_write_says_what_is_missing(tmp_path: Path) -> None:
    made = remote_write(tmp_path, REMOTE_URL="https://prometheus.example", PASSWORD="x")
    assert (made.returncode, "USERNAME is not set" in made.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def watched(folder: Path) -> Iterator[Prometheus]:
    """An agent of made-up traffic that sends to a hub, and a Prometheus that scrapes both as the configuration says."""
    with daemon("--data-dir", str(folder / "hub"), command="pktvisor-hub") as hub:
        options = ("--window-length", "2", "--hub", f"http://127.0.0.1:{hub.port}", "--agent-name", "pop1", "mock")
        with daemon(*options) as agent:
            eventually(lambda: stored(hub) > 0)
            config = described("prometheus.yml").replace("15s", "1s\n  evaluation_interval: 1s")
            config = config.replace("rules/*.yml", f"{FOLDER}/rules/*.yml").replace(
                "localhost:10853", f"127.0.0.1:{agent.port}"
            )
            config = config.replace("localhost:10863", f"127.0.0.1:{hub.port}")
            with prometheus_server(folder, config) as server:
                server.wait_until_scraped(2)
                yield server


def test_a_real_prometheus_has_data_for_every_rule(tmp_path: Path) -> None:
    with watched(tmp_path) as server:
        for rule in rules():
            for name in names_asked_for(rule["expr"]) | ({rule["record"]} if "record" in rule else set()):
                eventually(partial(_has_series, server, name))
        told = [rule for group in server.get("/api/v1/rules")["groups"] for rule in group["rules"]]
        assert len(told) == len(rules())
        eventually(lambda: _health(server) == {"ok"})


def _has_series(server: Prometheus, name: str) -> bool:
    return server.series(f"count({name})") != {}


def _health(server: Prometheus) -> set[str]:
    return {rule["health"] for group in server.get("/api/v1/rules")["groups"] for rule in group["rules"]}
