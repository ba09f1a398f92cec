import json
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given

from quantos.contracts import topics
from quantos.contracts.demand import DemandSample, SignalSample
from quantos.telemetry.parsing import MAX_AHEAD, MAX_BEHIND, MAX_VALUE, Rejection, parse_record
from tests.support.hostile_records import misread, payloads

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def payload(**changes: object) -> bytes:
    record = {"series": "workload/orders", "time": "2026-03-02T14:25:00Z", "source": "gw-1", "value": 12.5}
    return json.dumps({**record, **changes}).encode()


def test_a_good_record_is_a_sample():
    sample = parse_record(payload(), topic=topics.TELEMETRY_WORKLOAD, now=NOW)

    assert isinstance(sample, DemandSample)
    assert (sample.series, sample.source, sample.value) == ("workload/orders", "gw-1", 12.5)


@pytest.mark.parametrize("kind", topics.SAMPLED)
def test_a_series_belongs_on_the_topic_of_its_first_word_and_on_no_other(kind: str):
    record = payload(series=f"{kind}/orders")

    taken = {topic for topic in topics.ALL if isinstance(parse_record(record, topic=topic, now=NOW), DemandSample)}

    assert taken == {topics.SAMPLED[kind]}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param(b"\xff\x00 not json", "not-json", id="bytes"),
        pytest.param(b'{"series": "workload/x"', "not-json", id="cut-off"),
        pytest.param(b"[]", "schema", id="not-an-object"),
        pytest.param(payload(extra=1), "schema", id="unknown-key"),
        pytest.param(payload(schema_version=2), "schema", id="newer-version"),
        pytest.param(payload(series="orders"), "schema", id="series-without-topic"),
        pytest.param(payload(time="2026-03-02T14:25:00"), "schema", id="naive-time"),
        pytest.param(payload(time="2026-03-02T14:25:00.5Z"), "schema", id="fraction-of-a-second"),
        pytest.param(payload(series="market/spy"), "wrong-topic", id="wrong-topic"),
        pytest.param(payload(schema_version=True), "schema", id="true-as-version"),
        pytest.param(payload(value=True), "schema", id="true-as-number"),
        pytest.param(payload(value="1_000"), "schema", id="text-with-underscore"),
        pytest.param(payload(value="5120.0"), "schema", id="number-in-quotes"),
        pytest.param(payload(value=1e308), "absurd", id="largest-double"),
        pytest.param(payload(value=10**400), "not-a-number", id="beyond-a-double"),
        pytest.param(payload(time=1_772_461_500), "schema", id="epoch"),
        pytest.param(payload(time=1_772_461_500_000), "schema", id="epoch-in-milliseconds"),
        pytest.param(payload(time="1772461500"), "schema", id="epoch-in-quotes"),
        pytest.param(payload(time="20260302-14:25:00"), "schema", id="fix-timestamp"),
        pytest.param(payload(time="2026-03-02 14:25:00Z"), "schema", id="no-t-in-time"),
        pytest.param(payload(time="2026-03-02T14:25Z"), "schema", id="no-seconds"),
        pytest.param(payload(time="2016-12-31T23:59:60Z"), "schema", id="leap-second"),
        pytest.param(payload(time="2026-03-02T14:25:00.0000001Z"), "schema", id="less-than-a-microsecond"),
        pytest.param(payload(time="0001-01-01T00:00:00+01:00"), "past", id="before-all-time-in-utc"),
        pytest.param(payload(time="1970-01-01T00:00:00Z"), "past", id="clock-never-set"),
        pytest.param(payload(time="9999-12-31T23:59:59-23:59"), "future", id="after-all-time-in-utc"),
        pytest.param(payload()[:-1] + b', "value": 99}', "schema", id="key-twice"),
        pytest.param(b"\xef\xbb\xbf" + payload(), "not-json", id="byte-order-mark"),
        pytest.param(payload(value=float("nan")), "not-a-number", id="nan"),
        pytest.param(payload(value=float("inf")), "not-a-number", id="infinity"),
        pytest.param(payload(value=-0.001), "negative", id="negative"),
        pytest.param(payload(value=MAX_VALUE * 1.01), "absurd", id="too-great"),
        pytest.param(payload(value=1e-200), "absurd", id="too-small"),
        pytest.param(payload(time=(NOW + MAX_AHEAD + timedelta(seconds=1)).isoformat()), "future", id="future"),
    ],
)
def test_a_bad_record_is_rejected_by_name(record: bytes, reason: str):
    rejection = parse_record(record, topic=topics.TELEMETRY_WORKLOAD, now=NOW)

    assert isinstance(rejection, Rejection)
    assert rejection.reason == reason
    assert rejection.detail


def test_a_key_that_stands_twice_is_named():
    rejection = parse_record(payload()[:-1] + b', "value": 99}', topic=topics.TELEMETRY_WORKLOAD, now=NOW)

    assert rejection == Rejection("schema", "value: the key stands twice")


@pytest.mark.parametrize("time", ["2026-03-02T14:25:00Z", "2026-03-02T09:25:00-05:00", "2026-03-02T14:25:00.000Z"])
def test_a_moment_may_be_written_with_any_offset(time: str):
    sample = parse_record(payload(time=time), topic=topics.TELEMETRY_WORKLOAD, now=NOW)

    assert isinstance(sample, DemandSample)
    assert sample.time == NOW - timedelta(minutes=5)


@pytest.mark.parametrize("value", [0, MAX_VALUE])
def test_the_bounds_themselves_are_believed(value: float):
    assert isinstance(parse_record(payload(value=value), topic=topics.TELEMETRY_WORKLOAD, now=NOW), DemandSample)


def test_a_sample_may_be_late_by_years_and_early_by_a_little():
    for time in (NOW - timedelta(days=4000), NOW + MAX_AHEAD):
        record = payload(time=time.isoformat())
        assert isinstance(parse_record(record, topic=topics.TELEMETRY_WORKLOAD, now=NOW), DemandSample)


def signal(**changes: object) -> bytes:
    record = {
        "series": "signal/news-count",
        "time": "2026-03-02T14:25:00Z",
        "known_at": "2026-03-02T14:30:00Z",
        "source": "wire",
        "value": -12.5,
    }
    return json.dumps({**record, **changes}).encode()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="below-zero"),
        pytest.param({"time": "2026-03-09T14:30:00Z"}, id="scheduled-a-week-ahead"),
        pytest.param({"time": "2019-01-01T00:00:00Z"}, id="revision-of-years-ago"),
        pytest.param({"known_at": (NOW + MAX_AHEAD).isoformat()}, id="clock-ahead"),
        pytest.param({"holds_seconds": 604_800}, id="stands-a-week"),
    ],
)
def test_a_signal_is_taken_from_its_topic(changes: dict[str, object]):
    assert isinstance(parse_record(signal(**changes), topic=topics.TELEMETRY_SIGNAL, now=NOW), SignalSample)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param(signal(known_at=(NOW + MAX_AHEAD + timedelta(seconds=1)).isoformat()), "future", id="not-known"),
        pytest.param(signal(known_at="9999-12-31T23:59:59Z"), "future", id="known-at-the-end-of-time"),
        pytest.param(signal(known_at="0001-01-01T00:00:00+01:00"), "schema", id="known-before-all-time"),
        pytest.param(signal(time="0001-01-01T00:00:00+01:00"), "past", id="about-before-all-time"),
        pytest.param(signal(time="2026-03-09T14:30:01Z"), "schema", id="more-than-a-week-ahead"),
        pytest.param(signal(value=float("nan")), "not-a-number", id="nan"),
        pytest.param(signal(value=-1.01 * MAX_VALUE), "absurd", id="too-great"),
        pytest.param(signal(holds_seconds=0), "schema", id="never-stands"),
        pytest.param(signal(series="market/spy"), "schema", id="demand-among-signals"),
        pytest.param(payload(series="signal/news-count"), "schema", id="no-known-at"),
        pytest.param(b"news!", "not-json", id="bytes"),
    ],
)
def test_a_bad_signal_is_rejected_by_name(record: bytes, reason: str):
    rejection = parse_record(record, topic=topics.TELEMETRY_SIGNAL, now=NOW)

    assert isinstance(rejection, Rejection)
    assert (rejection.reason, bool(rejection.detail)) == (reason, True)


GOOD: Final[dict[str, object]] = json.loads(payload())
GOOD_SIGNAL: Final[dict[str, object]] = json.loads(signal())


def ensure_meant(content: bytes, *, topic: str) -> None:
    """What is taken says what is written, each key once, and lies where a decision may use it."""
    found = parse_record(content, topic=topic, now=NOW)
    if isinstance(found, Rejection):
        return
    pairs: list[tuple[str, object]] = json.loads(content, object_pairs_hook=list)
    written = dict(pairs)
    assert len(written) == len(pairs)
    assert type(written["value"]) in (int, float)
    assert written["value"] == found.value
    for field in {"time", "known_at"} & written.keys():
        assert "T" in str(written[field])
        assert datetime.fromisoformat(str(written[field])) == getattr(found, field)
    known = found.known_at or found.time
    assert NOW - MAX_BEHIND <= min(found.time, known) <= known <= NOW + MAX_AHEAD


@given(payloads(GOOD))
def test_what_is_taken_as_demand_is_what_was_meant(content: bytes):
    ensure_meant(content, topic=topics.TELEMETRY_WORKLOAD)


@given(payloads(GOOD_SIGNAL))
def test_what_is_taken_as_a_signal_is_what_was_meant(content: bytes):
    ensure_meant(content, topic=topics.TELEMETRY_SIGNAL)


def test_what_some_readers_take_for_something_else_is_meant_or_refused():
    for content in (*misread(GOOD), *misread(GOOD | {"known_at": GOOD["time"]})):
        ensure_meant(content, topic=topics.TELEMETRY_WORKLOAD)
    for content in misread(GOOD_SIGNAL):
        ensure_meant(content, topic=topics.TELEMETRY_SIGNAL)


def test_a_signal_among_demand_is_no_sample():
    assert isinstance(parse_record(signal(), topic=topics.TELEMETRY_MARKET, now=NOW), Rejection)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"revision": 1}, "schema"),
        ({"revision": -1, "known_at": "2026-03-02T14:29:00Z"}, "schema"),
        ({"known_at": "2026-03-02T14:00:00Z"}, "schema"),
        ({"revision": 1, "known_at": "2027-03-02T14:29:00Z"}, "future"),
        ({"goodbye": True}, "schema"),
        ({"goodbye": "yes", "value": 0}, "schema"),
    ],
)
def test_a_correction_or_goodbye_that_cannot_be_is_a_dead_letter(fields: dict[str, object], reason: str):
    parsed = parse_record(payload(**fields), topic=topics.TELEMETRY_WORKLOAD, now=NOW)

    assert isinstance(parsed, Rejection)
    assert parsed.reason == reason


@pytest.mark.parametrize("fields", [{"revision": 2, "known_at": "2026-03-02T14:29:00Z"}, {"value": 0, "goodbye": True}])
def test_a_correction_and_a_goodbye_are_samples(fields: dict[str, object]):
    parsed = parse_record(payload(**fields), topic=topics.TELEMETRY_WORKLOAD, now=NOW)

    assert isinstance(parsed, DemandSample)
    assert parsed.to_json() == DemandSample.model_validate_json(payload(**fields)).to_json()
    assert {name: json.loads(parsed.to_json())[name] for name in fields} == fields
