"""Options of the daemon: the command line wins over the file, the file over the defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pktvisor.cli.daemon import daemon_parser
from pktvisor.cli.options import UsageError
from pktvisor.config import daemon_options
from pktvisor.config.daemon_options import DECLARED, DaemonOptions, check_options, resolve
from pktvisor.errors import ConfigError


def options(*arguments: str, **configured: object) -> DaemonOptions:
    return resolve(vars(daemon_parser().parse_args(arguments)), configured)


def test_without_a_word_there_are_the_defaults() -> None:
    assert options() == DaemonOptions()
    assert options().lookback == 0


def test_the_file_says_what_the_line_does_not() -> None:
    both = options("-p", "1", "--periods", "2", port=3, periods=4, host="::1", max_deep_sample=7)
    assert (both.port, both.periods, both.host, both.max_deep_sample) == (1, 2, "::1", 7)


def test_ports_are_numbers_wherever_they_are_said() -> None:
    assert options(dns_ports=["53", "8600"]).dns_ports == (53, 8600)
    assert options(dns_ports=["any"]).ports == options("--dns-ports", "any").ports == {"dns": (0,)}
    assert options().ports == {}
    assert options("--dns-ports", "8600,53", dns_ports=["5353"]).dns_ports == (53, 8600)


def test_a_switch_is_on_where_either_says_so() -> None:
    assert options("--admin-api", admin_api=False).admin_api
    assert options(admin_api=True).admin_api
    assert not options(admin_api=False).admin_api


def test_the_admin_api_makes_the_agent_look_back() -> None:
    assert options("--admin-api").lookback == 32
    assert options("--admin-api", "--lookback-mb", "0").lookback == 0
    assert options("--lookback-mb", "8").lookback == 8


def test_paths_are_those_of_the_folder_where_the_command_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = options("--config", "a.yaml", "--log-file", "logs/a", geo_city="/places.mmdb").absolute()
    assert (made.config, made.log_file) == (str(tmp_path / "a.yaml"), str(tmp_path / "logs" / "a"))
    assert (made.geo_city, made.geo_asn) == ("/places.mmdb", None)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--tls", "--tls-cert", "x"), "you must specify --tls-key and --tls-cert to use --tls"),
        (("--cp-token", "x"), "missing information to setup crashpad"),
        (("--otel", "--otel-tls", "--otel-tls-key", "x"), "a key needs its certificate, otel_tls_cert"),
        (("--hub", "https://hub", "--hub-key", "x"), "a key needs its certificate, hub_cert"),
        (
            ("--hub", "http://hub", "--hub-ca", "x"),
            "hub_ca and hub_cert need a hub that is reached over TLS (https, nats+tls, kafka+tls), not http://hub",
        ),
        (
            ("--hub", "http://hub", "--hub-token-file", "x"),
            "a token goes to a hub over TLS only (https, nats+tls, kafka+tls), not to http://hub",
        ),
        (("--agent-name", " a"), "the name of an agent must have 1 to 200 printable characters"),
        (
            ("--hub-policies",),
            "hub_policies needs a hub that is reached over HTTP: say hub, as https://hub.example:8443",
        ),
        (("--hub-policies", "--hub", "nats://127.0.0.1"), "hub_policies needs a hub that is reached over HTTP"),
        (("--hub-token-file", "x"), "hub_token_file needs a hub: say hub, as https://hub.example:8443"),
        (("--hub-spool", "x"), "hub_spool needs a hub"),
        (("--hub-spool-mb", "7"), "hub_spool_mb needs a hub"),
        (("--hub-arrow",), "hub_arrow needs a hub"),
        (("--hub-policies-interval", "7"), "hub_policies_interval needs a hub"),
        (("--tls-client-ca", "x"), "tls_client_ca needs tls: without it nobody is asked for a certificate"),
        (("--proxy-header", "X-User"), "proxy_header needs trusted_proxy"),
        (("--otel-interval", "-5"), "otel_interval -5 is not between 1 and 86400"),
        (("--otel-port", "0"), "otel_port 0 is not between 1 and 65535"),
        (("--geo-cache-size", "-5"), "geo_cache_size -5 is not between 0 and 16777216"),
        (("--geo-cache-size", "9" * 30), "is not between 0 and 16777216"),
        (("--proxy-admins", "alice"), "proxy_admins needs trusted_proxy"),
        (("--trusted-proxy", "0.0.0.0/0"), "not 0.0.0.0/0: everybody could sign on as anybody"),
        (("--trusted-proxy", "10.0.0.5,::/0"), "everybody could sign on as anybody"),
        (("--trusted-proxy", "10.0.0.5", "--proxy-header", "x y"), "must be the name of a header of the proxy's own"),
        (("--trusted-proxy", "10.0.0.5", "--proxy-header", "Authorization"), "must be the name of a header"),
        (("--hub-top-items", "2"), "hub_top_items 2 is not between 16 and 6144"),
        (("--hub-spool-mb", "0"), "hub_spool_mb 0 is not between 1 and 1048576"),
        (("-p", "70000"), "port 70000 is not between 0 and 65535"),
    ],
)
def test_what_makes_no_sense_together_is_refused(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        options(*arguments)


def test_every_option_about_a_hub_needs_one() -> None:
    about = {name for name in DECLARED if name.startswith("hub_")} - {"hub_policies"}
    assert about == set(daemon_options.ABOUT_A_HUB), "that of policies has a rule of its own"


def test_a_token_may_go_to_a_hub_on_this_host() -> None:
    assert options("--hub", "http://127.0.0.1:8080", "--hub-token-file", "x").hub == "http://127.0.0.1:8080"


def test_what_is_no_address_of_a_hub_is_refused_wherever_it_is_said() -> None:
    with pytest.raises(ConfigError, match=r"hub 'hub\.example' is not a URL; write it as"):
        options(hub="hub.example", hub_token_file="x")
    with pytest.raises(UsageError, match=r"argument --hub: 'hub\.example' is not a URL; write it as"):
        options("--hub", "hub.example")
    told = [str(error) for error in check_options({"hub": "hub.example"})]
    assert told == ["config.hub: hub 'hub.example' is not a URL; write it as https://hub.example:8443"]


def test_of_tags_with_one_name_the_lines_counts_before_the_files_and_that_before_the_environments() -> None:
    arguments = ("--tag", "a=line", "--tag", "b=line")
    configured = {"tags": {"b": "file", "c": "file"}}
    environment = {"PKTVISOR_TAGS": "c=environment,d=environment"}
    made = resolve(vars(daemon_parser().parse_args(arguments)), configured, environment)
    assert made.tags == (("a", "line"), ("b", "line"), ("c", "file"), ("d", "environment"))
    assert resolve({}, {}, environment).tags == (("c", "environment"), ("d", "environment"))
    assert options().tags == ()


def test_tags_that_are_none_are_told_with_their_place() -> None:
    with pytest.raises(ConfigError, match=r"^PKTVISOR_TAGS: 'fra' is not a tag: write NAME=VALUE"):
        resolve({}, {}, {"PKTVISOR_TAGS": "fra"})
    with pytest.raises(UsageError, match="argument --tag: 'fra' is not a tag: write NAME=VALUE"):
        options("--tag", "fra")
    many = {f"a{number}": "b" for number in range(20)}
    with pytest.raises(ConfigError, match="tags are too many: 40; use at most 32"):
        options(*(f"--tag=b{number}=c" for number in range(20)), tags=many)


def test_crash_options_that_are_switched_off_need_no_company() -> None:
    assert options("--cp-token", "x", "--cp-disable").cp_token == "x"


def test_all_mistakes_of_a_files_options_are_told_clamped_numbers_included() -> None:
    told = [str(error) for error in check_options({"periods": 99, "max_deep_sample": 0, "port": 70000, "tls": True})]
    assert told == [
        "config.tls: you must specify --tls-key and --tls-cert to use --tls",
        "config.port: port 70000 is not between 0 and 65535",
        "config.periods: periods 99 is not between 1 and 10",
        "config.max_deep_sample: max_deep_sample 0 is not between 1 and 100",
    ]
    assert options(periods=99).periods == 99, "the daemon clamps"


def test_a_form_of_the_log_that_there_is_not_is_refused() -> None:
    assert options("--log-format", "json").log_format == "json"
    with pytest.raises(ConfigError, match=r"^log_format must be text or json"):
        options(log_format="xml")
