"""A bus is named by a URL."""

import base64

import pytest

from quantos.errors import SettingsError
from quantos.messaging.adapters.kafka import KafkaCluster, KafkaPublisher
from quantos.messaging.adapters.memory import discard_memory_bus, memory_bus
from quantos.messaging.adapters.url import kafka_cluster, publisher_from_url


def test_memory_url_names_the_process_wide_bus() -> None:
    try:
        assert publisher_from_url("memory://url-test") is memory_bus("url-test")
    finally:
        discard_memory_bus("url-test")


@pytest.mark.parametrize(
    ("url", "cluster"),
    [
        ("kafka://127.0.0.1:9092", KafkaCluster(brokers="127.0.0.1:9092")),
        ("kafka://b-1.msk:9098,b-2.msk:9098", KafkaCluster(brokers="b-1.msk:9098,b-2.msk:9098")),
        ("kafka+iam://b-1.msk:9098?region=eu-west-1", KafkaCluster(brokers="b-1.msk:9098", iam_region="eu-west-1")),
        ("kafka://b-1.msk:9098?iam=eu-west-1", KafkaCluster(brokers="b-1.msk:9098", iam_region="eu-west-1")),
    ],
)
def test_kafka_url_names_a_cluster(url: str, cluster: KafkaCluster) -> None:
    assert kafka_cluster(url) == cluster
    assert isinstance(publisher_from_url(url), KafkaPublisher)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:9092",
        "amqp://127.0.0.1:5672",
        "memory://",
        "memory://a/b",
        "kafka://",
        "kafka://host",
        "kafka://host:port",
        "kafka://host:70000",
        "kafka://a:1,,b:2",
        "kafka://a:1/topic",
        "kafka://a:1?region=eu-west-1",
        "kafka+iam://a:1",
        "kafka+iam://a:1?region=x&region=y",
    ],
)
def test_what_names_no_bus_is_refused(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        publisher_from_url(url)
    assert repr(url) in caught.value.what
    assert "memory://NAME" in caught.value.remedy


def test_iam_clients_sign_in_over_tls_with_a_token_of_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    settings = KafkaCluster(brokers="b-1.msk:9098", iam_region="eu-west-1").client_settings()
    assert (settings["security.protocol"], settings["sasl.mechanisms"]) == ("SASL_SSL", "OAUTHBEARER")
    token, expires_at_seconds = settings["oauth_cb"]("")
    padded = token + "=" * (-len(token) % 4)
    assert base64.urlsafe_b64decode(padded).startswith(b"https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster")
    assert 1.7e9 < expires_at_seconds < 1e10


def test_plain_clients_are_given_no_security_settings() -> None:
    assert "security.protocol" not in KafkaCluster(brokers="127.0.0.1:9092").client_settings()
