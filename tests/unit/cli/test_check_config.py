"""pktvisord --check-config: what only inputs themselves know is told, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from pktvisor.cli.check_config import check_config

TAP = "visor:\n  taps:\n    eth: {input_type: pcap, config: {iface: eth0%s}}\n"
POLICY = "    %s: {kind: collection, input: {tap: eth, input_type: pcap%s}, handlers: {modules: {m: {type: dns}}}}\n"


def mistakes(text: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Check a configuration and give what was said, without the file's name."""
    path = folder / "edge.yaml"
    path.write_text(text)
    status = check_config(str(path))
    said = capfd.readouterr().err.splitlines()
    assert (status != 0) == bool(said)
    return [line.removeprefix(f"{path}:") for line in said]


def test_the_filters_of_policies_are_compiled(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    right, wrong = (
        POLICY % (name, f", filter: {{bpf: {bpf}}}") for name, bpf in (("a", "vlan 7"), ("b", "udp prot 53"))
    )
    assert mistakes(f"{TAP % ''}  policies:\n{right}", tmp_path, capfd) == []
    [mistake] = mistakes(f"{TAP % ''}  policies:\n{right}{wrong}", tmp_path, capfd)
    assert mistake.startswith("6:")
    assert (
        "policies.b.input.filter.bpf: Cannot set BPF filter to interface; the filter 'udp prot 53' is invalid"
        in mistake
    )


def test_the_filter_of_a_tap_that_nobody_uses_is_compiled(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    [mistake] = mistakes(TAP % ", bpf: ip an tcp", tmp_path, capfd)
    assert mistake.startswith("3:")
    assert "taps.eth.config.bpf: Cannot set BPF filter to interface; the filter 'ip an tcp' is invalid" in mistake


def test_the_filter_of_a_tap_is_told_of_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    policies = POLICY % ("a", "") + POLICY % ("b", "")
    [mistake] = mistakes(f"{TAP % ', bpf: ip an tcp'}  policies:\n{policies}", tmp_path, capfd)
    assert mistake.startswith("3:")


def test_sections_of_a_wrong_shape_are_mistakes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    [taps, policies] = mistakes("visor:\n  taps: []\n  policies: none\n", tmp_path, capfd)
    assert taps == "2:9: taps: no taps found in schema; a map must stand there, not a list"
    assert policies.startswith("3:13: policies: no policies found in schema")


def test_filters_by_a_database_that_nobody_names_are_told_and_no_mistake(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "edge.yaml"
    source = "input: {tap: eth, input_type: pcap}"
    modules = "{n: {type: net, filter: {geoloc_notfound: true, only_asn_number: ['64500']}}}"
    text = f"{TAP % ''}  policies:\n    a: {{kind: collection, {source}, handlers: {{modules: {modules}}}}}\n"
    path.write_text(text)

    def told(**said: str) -> list[str]:
        assert check_config(str(path), said) == 0
        return capfd.readouterr().err.splitlines()

    filters = "policies.a.handlers.modules.n.filter"
    place, network = told()
    assert place.startswith(f"warning: {path}:5:")
    assert place.endswith(
        f"{filters}.geoloc_notfound: geoloc_notfound lets nothing pass without a database of places: "
        "--geo-city names one"
    )
    assert f"{filters}.only_asn_number: only_asn_number lets nothing pass" in network
    assert told(geo_city="city.mmdb") == [network]
    path.write_text(text.replace("visor:\n", "visor:\n  config: {default_geo_asn: asn.mmdb}\n"))
    assert told(geo_city="city.mmdb") == []


def test_a_list_that_can_not_be_used_is_a_mistake(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, wrong, right = tmp_path / "edge.yaml", tmp_path / "wrong.dat", tmp_path / "right.dat"
    wrong.write_text("com\nco uk\n*.*.ck\n")
    right.write_text("com\n")
    path.write_text(f"visor:\n  config: {{suffix_list: {wrong}}}\n")
    assert check_config(str(path)) == 1
    (told,) = capfd.readouterr().err.splitlines()
    assert told == f"{wrong}:3: '*.*.ck' is no rule of a suffix list: a wildcard can only be the first label"
    assert check_config(str(path), {"suffix_list": str(right)}) == 0, "the command line wins"
    path.write_text("visor: {}\n")
    assert check_config(str(path), {"suffix_list": str(tmp_path / "none.dat")}) == 1
    assert "none.dat: No such file" in capfd.readouterr().err
    assert check_config(str(path), {"default_service_registry": str(right)}) == 1
    assert f"{right}: the registry of services has no column 'Service Name'" in capfd.readouterr().err


def test_a_setting_of_a_wrong_type_is_told_of_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = f"{TAP % ', promiscuous: maybe, workers: 0'}  policies:\n{POLICY % ('a', '')}"
    paths = [mistake.split(": ")[1] for mistake in mistakes(text, tmp_path, capfd)]
    assert paths == ["taps.eth.config.promiscuous", "taps.eth.config.workers"]


def test_a_mistake_is_one_line_whatever_text_it_quotes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = 'visor:\n  taps:\n    t: {input_type: flow, config: {flow_type: "a\\nb\\x1b[2J", port: 2055}}\n'
    [mistake] = mistakes(text, tmp_path, capfd)
    assert "unknown flow type 'a\\nb\\x1b[2J'" in mistake


@pytest.mark.parametrize(
    ("config", "paths"),
    [
        ("transport: tcp, flow_type: ipfix, bind: 0.0.0.0, port: 4739", []),
        ("transport: tcp, flow_type: ipfix, bind: 0.0.0.0, port: none", ["port"]),
        ("transport: tcp, flow_type: netflow, bind: 0.0.0.0, port: 4739", ["transport"]),
        ("transport: tcp, flow_type: ipfix, workers: 0", ["workers"]),
    ],
)
def test_a_key_that_needs_another_is_checked_with_it(
    config: str, paths: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = mistakes(f"visor:\n  taps:\n    t: {{input_type: flow, config: {{{config}}}}}\n", tmp_path, capfd)
    assert [mistake.split(": ")[1] for mistake in found] == [f"taps.t.config.{path}" for path in paths]
