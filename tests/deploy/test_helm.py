"""The chart: what it gives is what Kubernetes knows, what pktvisord takes, and no more rights than it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

import pktvisor
from pktvisor.cli.daemon import daemon_parser
from pktvisor.cli.hub import hub_parser
from support.commands import run
from support.helm import CHART, helm, one, rendered

EXAMPLES = CHART.parent / "examples"
SIDECARS = [EXAMPLES / "sidecar.yaml", EXAMPLES / "sidecar-ipv6.yaml"]
VALUES = sorted(set(EXAMPLES.glob("*.yaml")) - set(SIDECARS))
OPTIONS = [(), *[("--values", path) for path in VALUES]]
NAMES = ["defaults", *[path.stem for path in VALUES]]
KUBERNETES = ["1.25", "1.37"]
"""The oldest that the chart takes, and the newest whose schemas there are."""
OF_OTHERS = {"ServiceMonitor"}
"""Kinds that Kubernetes itself does not know."""

PARSERS = {"pktvisord": daemon_parser, "pktvisor-hub": hub_parser}

each_example = pytest.mark.parametrize("options", OPTIONS, ids=NAMES)


def containers(documents: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Every container with the pod that it is in."""
    pods = [it["spec"]["template"]["spec"] for it in documents if "template" in it.get("spec", {})]
    return [(pod, container) for pod in pods for container in pod["containers"]]


def as_started(word: str) -> str:
    """A word of a command line with the variables that Kubernetes puts in."""
    return word.replace("$(POD_IP)", "10.0.0.5").replace("$(NODE_NAME)", "node-1")


@each_example
def test_lint_finds_nothing(options: tuple[str, ...]) -> None:
    done = helm("lint", "--strict", CHART, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout


@pytest.mark.parametrize("version", KUBERNETES)
@each_example
def test_all_documents_are_such_as_kubernetes_knows(options: tuple[str, ...], version: str) -> None:
    documents = [it for it in rendered(*options) if it["kind"] not in OF_OTHERS]
    assert documents
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("path", SIDECARS, ids=lambda path: path.stem)
def test_so_are_the_manifests_without_the_chart(path: Path, version: str) -> None:
    documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    assert [it["kind"] for it in documents] == ["Deployment", "Service"]
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)


def test_the_schemas_refuse_a_document_with_a_wrong_key() -> None:
    document = one(rendered(), "DaemonSet", "site-pktvisor-agent")
    document["spec"]["template"]["spec"]["hostNetwrk"] = True
    with pytest.raises(kubernetes_validate.ValidationError, match="hostNetwrk"):
        kubernetes_validate.validate(document, KUBERNETES[-1], strict=True)


@each_example
def test_agent_and_hub_take_their_options_and_configurations(options: tuple[str, ...], tmp_path: Path) -> None:
    documents = rendered(*options)
    configurations = [it["data"] for it in documents if it["kind"] == "ConfigMap"]
    for name, text in [found for data in configurations for found in data.items()]:
        (tmp_path / name).write_text(text, encoding="utf-8")
    for _, container in containers(documents):
        program, *arguments = [as_started(word) for word in container["args"]]
        said = PARSERS[program]().parse_args(arguments)
        assert said.port == container["ports"][0]["containerPort"]
        if said.config:
            done = run(program, *arguments, "--check-config", tmp_path / Path(said.config).name)
            assert done.returncode == 0, done.stderr.decode()


@each_example
def test_whoever_captures_may_do_nothing_else(options: tuple[str, ...]) -> None:
    for pod, container in containers(rendered(*options)):
        rights = container["securityContext"]
        captures = container["name"] == "pktvisord"
        assert rights["capabilities"] == {"drop": ["ALL"], **({"add": ["NET_RAW"]} if captures else {})}
        assert rights["readOnlyRootFilesystem"] is True
        assert (rights | pod["securityContext"])["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert not any("hostPath" in it and not captures for it in pod["volumes"])


def test_root_captures_without_gaining_rights_and_others_by_the_file_of_the_interpreter() -> None:
    [(_, usual)] = containers(rendered())
    [(_, root)] = containers(rendered("--set", "agent.runAsRoot=true"))
    assert usual["securityContext"]["runAsUser"] == 10001
    assert usual["securityContext"]["allowPrivilegeEscalation"] is True
    assert root["securityContext"]["runAsUser"] == 0
    assert root["securityContext"]["allowPrivilegeEscalation"] is False


def test_a_changed_configuration_restarts_the_agents() -> None:
    def checksum(*options: str) -> str:
        agent = one(rendered(*options), "DaemonSet", "site-pktvisor-agent")
        return str(agent["spec"]["template"]["metadata"]["annotations"]["checksum/config"])

    assert checksum() == checksum("--set", "agent.port=9000")
    assert checksum() != checksum("--set", "agent.config.visor.taps.node.config.iface=eth0")


def test_agents_send_to_the_hub_of_the_release_by_the_name_of_its_service() -> None:
    documents = rendered("--values", EXAMPLES / "fleet.yaml")
    [agent] = [it for _, it in containers(documents) if it["name"] == "pktvisord"]
    assert "--hub=https://site-pktvisor-hub.watch.svc:10853" in agent["args"]
    service = one(documents, "Service", "site-pktvisor-hub")
    hub = one(documents, "StatefulSet", "site-pktvisor-hub")
    assert service["spec"]["selector"].items() <= hub["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize("release", ["a" * 53, "site.of.fra"])
def test_names_are_such_as_kubernetes_can_work_with_whatever_the_release_is_called(release: str) -> None:
    done = helm("template", release, CHART, "--set", "hub.enabled=true")
    assert done.returncode == 0, done.stderr
    documents = [document for document in yaml.safe_load_all(done.stdout) if document]
    for document in documents:
        name = document["metadata"]["name"]
        assert re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", name)
        # With a dash and ten characters, this is a label of a StatefulSet's pods.
        assert len(name) <= (52 if document["kind"] == "StatefulSet" else 63)


def test_a_monitor_chooses_the_service_of_each_part() -> None:
    documents = rendered("--values", EXAMPLES / "fleet.yaml")
    for part, scheme in ("agent", "http"), ("hub", "https"):
        monitor = one(documents, "ServiceMonitor", f"site-pktvisor-{part}")["spec"]
        service = one(documents, "Service", f"site-pktvisor-{part}")
        assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        (endpoint,) = monitor["endpoints"]
        assert endpoint["port"] in [it["name"] for it in service["spec"]["ports"]]
        assert endpoint.get("scheme", "http") == scheme
        assert endpoint["path"] == "/api/v1/policies/__all/metrics/prometheus"  # policies may have any names
        assert endpoint["authorization"] == {"credentials": {"name": "pktvisor-prometheus-token", "key": "token"}}


def test_a_hub_whose_network_policy_names_nobody_is_reached_by_nobody() -> None:
    policy = one(rendered("--values", EXAMPLES / "hub-alone.yaml"), "NetworkPolicy", "site-pktvisor-hub")
    assert policy["spec"]["ingress"] == []


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        ("agent.prot=1", "at '/agent': additional properties 'prot' not allowed"),
        ("hub.storage.size=lots", "at '/hub/storage/size'"),
        ("agent.port=70000", "at '/agent/port'"),
        ("agent.config.taps.wire=1", "at '/agent/config': additional properties 'taps' not allowed"),
        ("agent.tags.9lives=yes", "'9lives' does not match"),
        ("image.digest=md5:0", "at '/image/digest'"),
        (r"hub.podLabels.app\.kubernetes\.io/component=x", "invalid propertyName 'app.kubernetes.io/component'"),
        ("nameOverride=Bad_Name", "at '/nameOverride'"),
        ("agent.listen=unix:/run/api.sock", "at '/agent/listen'"),
        ("hub.listen=localhost", "at '/hub/listen'"),
        ("networkPolicy.nodes={10.0.0.7}", "at '/networkPolicy/nodes/0'"),
        (
            "hub.enabled=true,agent.hub.tokens.existingSecret=nodes",
            "agent.hub.tokens: a token goes to a hub over TLS only",
        ),
        ("networkPolicy.form=x", "at '/networkPolicy': additional properties 'form' not allowed"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(mistake: str, named: str) -> None:
    done = helm("template", CHART, "--set", mistake)
    assert done.returncode == 1
    assert named in done.stderr


def test_every_value_has_a_place_in_the_schema_and_the_schema_has_no_other() -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    from_parents = {"global", "enabled"}
    assert set(schema["properties"]) - from_parents == set(values)
    for part in ("agent", "hub"):
        assert set(schema["properties"][part]["properties"]) == set(values[part])


def test_another_chart_includes_the_sidecar(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "pktvisor").symlink_to(CHART)
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: shop, version: 1.0.0}", encoding="utf-8")
    (tmp_path / "values.yaml").write_text("pktvisor: {agent: {enabled: false}}", encoding="utf-8")
    (tmp_path / "templates" / "shop.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec:\n  containers:\n    - {name: shop, image: shop:1}\n"
        '    - {{ include "pktvisor.sidecar" (dict "image" "pktvisor:5.0.0") | nindent 6 | trim }}\n',
        encoding="utf-8",
    )
    done = helm("template", tmp_path)
    assert done.returncode == 0, done.stderr
    pod = one(list(yaml.safe_load_all(done.stdout)), "Pod", "shop")
    kubernetes_validate.validate(pod, KUBERNETES[-1], strict=True)
    (plain,) = yaml.safe_load_all(SIDECARS[0].read_text(encoding="utf-8").partition("\n---\n")[0])
    [by_hand] = [it for _, it in containers([plain]) if it["name"] == "pktvisor"]
    sidecar = pod["spec"]["containers"][1]
    assert {key: sidecar[key] for key in ("args", "env", "ports", "resources", "securityContext")} == {
        key: by_hand[key] for key in ("args", "env", "ports", "resources", "securityContext")
    }


def test_the_manifest_for_ipv6_differs_in_its_addresses_only() -> None:
    ipv4, ipv6 = (path.read_text(encoding="utf-8") for path in SIDECARS)
    changed = ipv4.replace("sidecar.yaml", "sidecar-ipv6.yaml").replace('"0.0.0.0"', '"::"').replace("/32", "/128")
    assert changed == ipv6


def test_the_chart_has_the_version_of_the_program() -> None:
    about = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert about["version"] == about["appVersion"] == pktvisor.__version__
    for path in SIDECARS:
        assert f"image: pktvisor:{pktvisor.__version__}\n" in path.read_text(encoding="utf-8")


def test_the_notes_say_how_to_look_at_it_and_who_can() -> None:
    done = helm("install", "site", CHART, "--dry-run=client", "--set", "hub.enabled=true")
    assert done.returncode == 0, done.stderr
    notes = done.stdout.partition("NOTES:")[2]
    assert "port-forward service/site-pktvisor-hub 10853:10853" in notes
    assert "Everybody who reaches the hub may send and read" in notes
