from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest

from pktvisor import _core
from pktvisor.cli import reader
from pktvisor.errors import InputError
from support.daemon import eventually
from support.reading import FakeReading, Summary
from support.snapshots import START_TS

PERIOD = {"length": 60, "start_ts": START_TS}


def test_the_result_is_one_line_of_json_named_by_its_periods(
    reading: FakeReading, capfd: pytest.CaptureFixture[str]
) -> None:
    assert reader.main(["some.pcap"]) == 0
    out, err = capfd.readouterr()
    assert out == f'{{"5m":{{"packets":{{"period":{{"length":60,"start_ts":{START_TS}}},"total":3}}}}}}\n'
    assert err == "processed 3 packets\n"


def test_options_reach_the_engine(reading: FakeReading) -> None:
    summarised = "--dns-ports 8600,53 -b udp -H 10.0.0.0/8 --periods 1 --window-length 10 --max-deep-sample 50"
    assert (
        reader.main(f"{summarised} --geo-city c.mmdb --geo-asn a.mmdb --workers 3 --decapsulate -i PCAP -".split()) == 0
    )
    assert list(reading.paths) == ["-"]
    reading.options.pop("progress")
    reading.options.pop("stop")
    assert reading.options.pop("following") is None
    assert reading.options == {
        "periods": 1,
        "length_s": 10,
        "deep_sample_rate": 50,
        "filter_expression": "udp",
        "hosts": "10.0.0.0/8",
        "geo_city": "c.mmdb",
        "geo_asn": "a.mmdb",
        "workers": 3,
        "ports": {"dns": (53, 8600)},
        "decapsulates": True,
        "input_type": "pcap",
    }


@pytest.mark.parametrize(("given", "used"), [("0", 1), ("-3", 1), ("1000", 100)])
def test_the_sample_rate_is_clamped(reading: FakeReading, given: str, used: int) -> None:
    assert reader.main(["--max-deep-sample", given, "some.pcap"]) == 0
    assert reading.options["deep_sample_rate"] == used


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: FILE"),
        (["--periods", "0", "x"], "--periods: 0 is not between 1 and 10"),
        (["--periods", "11", "x"], "--periods: 11 is not between 1 and 10"),
        (["--window-length", "0", "x"], "--window-length: '0' is not a whole number from 1 to 3600"),
        (["--window-length", "3601", "x"], "--window-length: '3601' is not a whole number from 1 to 3600"),
        (["--periods", "many", "x"], "--periods: 'many' is not a whole number"),
        (["--max-deep-sample", "all", "x"], "--max-deep-sample: 'all' is not a whole number"),
        (["-H", "", "x"], "-H: give at least one CIDR"),
        (["-i", "smoke", "x"], "-i: invalid choice: 'smoke'"),
        (["--dns-ports", "dns", "x"], "--dns-ports: 'dns' is not a port"),
        (["--workers", "0", "x"], "--workers: '0' is not a whole number from 1 to 64"),
        (["--colour", "x"], "--colour"),
        (["-i", "dnstap", "-b", "udp", "x"], "argument -b: not available with -i dnstap"),
        (["-i", "dnstap", "-H", "10.0.0.0/8", "x"], "argument -H: not available with -i dnstap"),
        (["-i", "netflow", "-H", "10.0.0.0/8", "x"], "argument -H: not available with -i netflow"),
        (["-i", "sflow", "--dns-ports", "53", "x"], "argument --dns-ports: not available with -i sflow"),
        (["-i", "DNSTAP", "--decapsulate", "x"], "argument --decapsulate: not available with -i dnstap"),
    ],
)
def test_a_command_line_that_makes_no_sense(
    reading: FakeReading, capfd: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert reader.main(arguments) == 2
    out, err = capfd.readouterr()
    what, help_ = err.splitlines()
    assert what.startswith("pktvisor-reader: ")
    assert sentence in what
    assert (out, help_) == ("", "pktvisor-reader --help lists the options")


def test_what_the_engine_refuses_is_one_sentence(reading: FakeReading, capfd: pytest.CaptureFixture[str]) -> None:
    reading.error = InputError("cannot open no.pcap: No such file or directory")
    assert reader.main(["no.pcap"]) == 255
    assert capfd.readouterr() == ("", "Fatal error: cannot open no.pcap: No such file or directory\n")


def test_damage_is_a_warning_and_no_failure(reading: FakeReading, capfd: pytest.CaptureFixture[str]) -> None:
    reading.summary.warnings.append("some.pcap: the last packet is cut short")
    assert reader.main(["some.pcap"]) == 0
    assert capfd.readouterr().err == "processed 3 packets\nsome.pcap: the last packet is cut short\n"


def test_the_verbose_hear_what_became_of_the_packets(reading: FakeReading, capfd: pytest.CaptureFixture[str]) -> None:
    assert reader.main(["-v", "some.pcap"]) == 0
    assert capfd.readouterr().err == "processed 3 packets\ndecoded: 3\n"


def test_a_signal_stops_the_reading_and_the_result_is_printed(
    reading: FakeReading, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[bool] = []

    def summarize_file(paths: list[str], **options: object) -> Summary:
        stop = options["stop"]
        assert isinstance(stop, _core.Stop)
        stopped.append(stop.is_set())
        signal.raise_signal(signal.SIGTERM)
        eventually(stop.is_set)  # by a thread of its own: this one could be anywhere
        stopped.append(stop.is_set())
        return reading.summary

    monkeypatch.setattr(sys.modules["pktvisor.policies.summary"], "summarize_file", summarize_file)
    before = signal.getsignal(signal.SIGTERM)
    assert reader.main(["some.pcap"]) == 0
    assert stopped == [False, True]
    assert "packets" in json.loads(capfd.readouterr().out)["5m"]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_on_stdout(capfd: pytest.CaptureFixture[str], option: str) -> None:
    with pytest.raises(SystemExit) as raised:
        reader.main([option])
    assert raised.value.code == 0
    assert capfd.readouterr().out.startswith("usage: pktvisor-reader")


def test_the_version_is_that_of_the_package(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        reader.main(["--version"])
    manifest = Path(__file__).parents[3] / "Cargo.toml"
    version = next(line.split('"')[1] for line in manifest.read_text().splitlines() if line.startswith("version ="))
    assert capfd.readouterr().out == f"pktvisor {version}\n"
