from __future__ import annotations

from pktvisor.handlers import handlers
from pktvisor.metrics.expressions import schema
from support.serving import client


def test_every_column_is_told_with_its_meaning() -> None:
    columns = {column["name"]: column for column in client().get("/api/v1/columns").json()}
    assert list(columns) == list(schema())
    assert columns["dns.qname"]["table"] == "dns"
    assert all(column["meaning"] for column in columns.values())


def test_every_handler_is_told_with_what_it_takes_and_gives() -> None:
    told = {(one["type"], one["version"]): one for one in client().get("/api/v1/handlers").json()}
    assert list(told) == sorted(handlers())
    net = told["net", "1.0"]
    assert (net["schema"], net["groups"]["counters"]) == ("packets", True)
    assert {"only_geoloc_prefix", "topn_count"} <= set(net["options"])
    by_path = {metric["path"]: metric for metric in net["metrics"]}
    assert by_path["packets.rates.bytes_in"]["prometheus"] == "payload_rates_bytes_in"
    assert by_path["packets.top_geoLoc"]["labels"] == ["geo_loc"]


def test_metrics_kept_apart_by_direction_say_so() -> None:
    told = {(one["type"], one["version"]): one for one in client().get("/api/v1/handlers").json()}
    metrics = {metric["path"]: metric for metric in told["dns", "2.0"]["metrics"]}
    assert metrics["dns.*D*.xacts"]["labels"] == ["direction"]
    assert metrics["dns.*D*.xacts"]["kind"] == "counter"
