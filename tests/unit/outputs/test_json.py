from __future__ import annotations

import jsonschema_rs
import pytest

from pktvisor.api.forms import QUANTILE_KEYS, schemas
from pktvisor.metrics.snapshot import QUANTILES, Sample, TopEntry, TopValues
from pktvisor.outputs.json import encode, flat_document, policy_document
from pktvisor.server.schemas import COMPONENTS
from support.snapshots import (
    NO_HISTOGRAM,
    NO_QUANTILES,
    START_TS,
    counter,
    handler,
    histogram,
    quantiles,
    sample,
    top,
)

PERIOD = {"start_ts": START_TS, "length": 60}


def dns_object(*samples: Sample, is_detailed: bool = False) -> dict[str, object]:
    """What the samples become below the key `dns`, without the period."""
    document = flat_document([handler(*samples)], is_detailed=is_detailed)["dns"]
    assert isinstance(document, dict)
    period = document.pop("period")
    assert period == {**PERIOD, "is_closed": True, "ledger": {}, "completeness": None} if is_detailed else PERIOD
    jsonschema_rs.validate(COMPONENTS["Period"], period)
    return document


def test_text_is_compact_sorted_and_unescaped() -> None:
    assert encode({"b": 1, "a": {"z": "ü", "B": 1.0}}) == '{"a":{"B":1.0,"z":"ü"},"b":1}'.encode()


def test_a_name_that_is_no_text_does_not_hide_the_reply() -> None:
    assert encode({"name": "caf\udce9.example"}) == b'{"name":"caf?.example"}'


def test_policy_levels_are_instance_then_schema() -> None:
    document = policy_document([handler(counter("dns_wire_packets_total", "wire_packets.total", 3))])
    assert document == {"default-default-dns": {"dns": {"period": PERIOD, "wire_packets": {"total": 3}}}}


def test_handlers_of_one_schema_share_its_object() -> None:
    first = handler(counter("dns_a", "counts.a", 1), instance="default-default-dns")
    second = handler(counter("dns_b", "counts.b", 2), instance="default-default-dns2")
    assert flat_document([first, second]) == {"dns": {"period": PERIOD, "counts": {"a": 1, "b": 2}}}


def test_a_handler_without_metrics_is_left_out() -> None:
    assert policy_document([handler()]) == {}
    assert flat_document([handler()]) == {}


def test_a_live_rate_shows_its_last_second() -> None:
    rate = sample("rate", "dns_rates_total", "rates.total", quantiles(1, 2, 3, 4, live=7))
    assert dns_object(rate) == {"rates": {"total": {"live": 7, "p50": 1, "p90": 2, "p95": 3, "p99": 4}}}


def test_metrics_without_values_are_absent_but_tops_and_counters_stay() -> None:
    samples = (
        sample("quantiles", "dns_xact_in_quantiles_us", "xact.in.quantiles_us", NO_QUANTILES),
        sample("histogram", "dns_xact_in_histogram_us", "xact.in.histogram_us", NO_HISTOGRAM),
        sample("top", "dns_top_qname2", "top_qname2", top("qname")),
        counter("dns_xact_in_total", "xact.in.total", 0),
    )
    assert dns_object(*samples) == {"top_qname2": [], "xact": {"in": {"total": 0}}}


def test_whole_quantiles_stay_whole_and_ratios_stay_ratios() -> None:
    samples = (
        sample("quantiles", "dns_us", "us", quantiles(102, 354, 427, 511)),
        sample("quantiles", "dns_ratio", "ratio", quantiles(0.81, 0.85, 1.0, 1.5)),
    )
    document = encode(dns_object(*samples)).decode()
    assert (
        document
        == '{"ratio":{"p50":0.81,"p90":0.85,"p95":1.0,"p99":1.5},"us":{"p50":102,"p90":354,"p95":427,"p99":511}}'
    )


def test_histogram_counts_are_cumulative_floats() -> None:
    samples = (sample("histogram", "dns_us", "us", histogram({8: 1, 12.915496650: 4}, count=5)),)
    assert encode(dns_object(*samples)) == b'{"us":{"buckets":{"+Inf":5.0,"12.915497":4.0,"8":1.0}}}'


def test_top_entries_keep_their_order_and_places_have_coordinates() -> None:
    place = TopEntry("NA/US", 5, 5, 5, extra=(("lat", "37.751000"), ("lon", "-97.822000")))
    geo = sample("top", "dns_top_geoLoc_ecs", "top_geoLoc_ecs", TopValues("geo_loc", (place, TopEntry("", 2, 2, 2))))
    assert dns_object(geo) == {
        "top_geoLoc_ecs": [
            {"estimate": 5, "name": "NA/US", "lat": "37.751000", "lon": "-97.822000"},
            {"estimate": 2, "name": ""},
        ]
    }


def test_in_detail_entries_have_their_bounds_and_the_period_tells_how_complete_it_is() -> None:
    names = TopValues("qname", (TopEntry("a.example", 7, 5, 8), TopEntry("b.example", 3, 3, 3)))
    snapshot = handler(
        sample("top", "dns_top_qname", "top_qname", names),
        ledger={"seen": 10, "decoded": 7, "filtered": 2, "dropped_by_us": 1, "dropped_by_kernel": 0},
        is_closed=False,
    )
    assert flat_document([snapshot], is_detailed=True)["dns"] == {
        "period": {
            **PERIOD,
            "is_closed": False,
            "ledger": {"seen": 10, "decoded": 7, "filtered": 2, "dropped_by_us": 1},
            "completeness": 0.9,
        },
        "top_qname": [
            {"name": "a.example", "estimate": 7, "lower_bound": 5, "upper_bound": 8},
            {"name": "b.example", "estimate": 3, "lower_bound": 3, "upper_bound": 3},
        ],
    }


def test_the_keys_of_quantiles_are_their_ranks() -> None:
    assert tuple(f"p{round(rank * 100)}" for rank in QUANTILES) == QUANTILE_KEYS


@pytest.mark.parametrize("is_detailed", [False, True])
def test_what_is_written_of_each_form_fits_its_schema(*, is_detailed: bool) -> None:
    place = TopEntry("Europe/Germany", 3, 3, 3, (("lat", "51.0"), ("lon", "9.0")))
    written = dns_object(
        counter("dns_a", "Counter", 1),
        sample("rate", "dns_b", "Rate", quantiles(1, 2, 3, 4, live=7)),
        sample("quantiles", "dns_c", "Quantiles", quantiles(1, 2, 3, 4)),
        sample("histogram", "dns_d", "Histogram", histogram({10: 1, 20.5: 2}, count=3)),
        sample("top", "dns_e", "TopList", TopValues("geo", (place,))),
        is_detailed=is_detailed,
    )
    assert set(written) == set(schemas()) - {"Cardinality"}
    for form, value in written.items():
        jsonschema_rs.validate(schemas()[form], value)
