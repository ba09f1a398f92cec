"""A bus named by a URL, as a process setting carries it."""

from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from quantos.errors import SettingsError
from quantos.messaging.adapters.kafka import KafkaCluster, KafkaPublisher
from quantos.messaging.adapters.memory import memory_bus
from quantos.messaging.ports import Publisher
from quantos.translation import Vendor, translated

_REMEDY = (
    "Use memory://NAME, kafka://HOST:PORT[,HOST:PORT], or kafka+iam://HOST:PORT[,HOST:PORT]?region=REGION for MSK with "
    "IAM (kafka://HOST:PORT?iam=REGION means the same)."
)

_URLS: Final = Vendor(raises=(ValueError,))


def publisher_from_url(url: str) -> Publisher:
    """The Publisher that the URL names; a Kafka cluster is not contacted before the first record.

    Raises:
        SettingsError: the URL names no bus.
    """
    parts = _parts(url)
    if parts.scheme == "memory":
        if not parts.netloc or parts.path or parts.query:
            raise SettingsError(f"{url!r} does not name a bus in memory", remedy=_REMEDY)
        return memory_bus(parts.netloc)
    return KafkaPublisher(kafka_cluster(url))


def kafka_cluster(url: str) -> KafkaCluster:
    """The Kafka cluster that the URL names.

    Raises:
        SettingsError: the URL names none.
    """
    parts = _parts(url)
    if parts.scheme not in {"kafka", "kafka+iam"}:
        raise SettingsError(f"{url!r} does not name a bus: its scheme is {parts.scheme or 'missing'}", remedy=_REMEDY)
    if parts.path not in {"", "/"} or not all(_is_broker(broker) for broker in parts.netloc.split(",")):
        raise SettingsError(f"{url!r} does not list brokers as host:port", remedy=_REMEDY)
    return KafkaCluster(brokers=parts.netloc, iam_region=_iam_region(parts, url=url))


def _parts(url: str) -> SplitResult:
    with translated(_URLS, into=SettingsError, what=f"{url!r} does not name a bus", remedy=_REMEDY):
        return urlsplit(url)


def _iam_region(parts: SplitResult, *, url: str) -> str | None:
    name = "region" if parts.scheme == "kafka+iam" else "iam"
    query = parse_qs(parts.query)
    if unknown := sorted(set(query) - {name}):
        raise SettingsError(f"{url!r} has a parameter that is not known: {', '.join(unknown)}", remedy=_REMEDY)
    regions = query.get(name, [])
    if len(regions) > 1 or (parts.scheme == "kafka+iam" and not regions):
        raise SettingsError(f"{url!r} must name one region", remedy=_REMEDY)
    return regions[0] if regions else None


def _is_broker(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) <= 65535
