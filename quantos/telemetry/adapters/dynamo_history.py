"""The demand history on DynamoDB: one item per series and hour, in it one set of `second|source|value`.

A set union is idempotent and commutative, so redelivery and reordering leave the same item, also when one key arrives
with two values: both are kept, and the greatest is read. The table's keys are `HASH_KEY` (series and day,
`workload/orders#2003-03-03`: a partition a day, so that none grows with the history) and `RANGE_KEY` (hour, `07`),
both strings; its time-to-live attribute is `TTL_ATTRIBUTE`, epoch seconds.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from quantos.contracts.demand import DemandSample
from quantos.errors import TelemetryError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

HASH_KEY: Final = "pk"
RANGE_KEY: Final = "sk"
TTL_ATTRIBUTE: Final = "expires_at"

WRITERS: Final = 4
"""Updates under way at once; each is of its own item."""

KEYS_AT_ONCE: Final = 100
"""Most keys that BatchGetItem takes."""

_DAY_FORMAT: Final = "%Y-%m-%d"
_SAMPLES_ATTRIBUTE: Final = "samples"


@dataclass(frozen=True, kw_only=True)
class DynamoDemandHistory:
    """`DemandHistory` on one table. Items expire `retention` after the hour they hold."""

    client: "DynamoDBClient"
    table: str
    retention: timedelta

    def add(self, samples: Sequence[DemandSample]) -> None:
        """Add samples, one update per series and hour. Raises TelemetryError; adding all again is safe."""
        items = _by_item(samples)
        with ThreadPoolExecutor(max_workers=WRITERS) as writers:
            for update in [
                writers.submit(self._update, series, hour=hour, taken=taken) for (series, hour), taken in items.items()
            ]:
                update.result()

    def samples(
        self, series: Collection[str], *, start: datetime, end: datetime
    ) -> dict[str, tuple[DemandSample, ...]]:
        """Samples with start <= time < end of every series asked for.

        In order of (time, source); of conflicting values the greatest. Raises TelemetryError.
        """
        found: dict[str, list[DemandSample]] = {name: [] for name in series}
        for item in self._items(found, start=start, end=end):
            for sample in _samples_of(item):
                if start <= sample.time < end:
                    found[sample.series].append(sample)
        return {
            name: tuple(sorted(samples, key=lambda sample: (sample.time, sample.source)))
            for name, samples in found.items()
        }

    def _update(self, series: str, *, hour: datetime, taken: set[str]) -> None:
        expires_at = int((hour + self.retention).timestamp())
        try:
            self.client.update_item(
                TableName=self.table,
                Key=_key(series, hour),
                UpdateExpression="SET #ttl = :ttl ADD #samples :samples",
                ExpressionAttributeNames={"#ttl": TTL_ATTRIBUTE, "#samples": _SAMPLES_ATTRIBUTE},
                ExpressionAttributeValues={":ttl": {"N": str(expires_at)}, ":samples": {"SS": sorted(taken)}},
            )
        except (BotoCoreError, ClientError) as exc:
            raise _store_error("take samples of", series=series, table=self.table, cause=exc) from exc

    def _items(
        self, series: Collection[str], *, start: datetime, end: datetime
    ) -> Iterator[Mapping[str, "AttributeValueTypeDef"]]:
        """The items of every hour in the range, by their keys: a hundred a call, and those put off asked for again."""
        waiting = [_key(name, hour) for name in series for hour in _hours(start, end)]
        while waiting:
            asked, waiting = waiting[:KEYS_AT_ONCE], waiting[KEYS_AT_ONCE:]
            try:
                answer = self.client.batch_get_item(RequestItems={self.table: {"Keys": asked, "ConsistentRead": True}})
            except (BotoCoreError, ClientError) as exc:
                raise _store_error("read", series=", ".join(sorted(series)), table=self.table, cause=exc) from exc
            yield from answer["Responses"].get(self.table, ())
            put_off = answer.get("UnprocessedKeys", {}).get(self.table)
            waiting += [] if put_off is None else put_off["Keys"]


def _key(series: str, hour: datetime) -> dict[str, "AttributeValueTypeDef"]:
    return {HASH_KEY: {"S": _partition(series, hour)}, RANGE_KEY: {"S": f"{hour:%H}"}}


def _hours(start: datetime, end: datetime) -> Iterator[datetime]:
    """Starts of the hours that hold any moment of start <= time < end."""
    hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < end:
        yield hour
        hour += timedelta(hours=1)


def _partition(series: str, moment: datetime) -> str:
    return f"{series}#{moment.strftime(_DAY_FORMAT)}"


def _by_item(samples: Sequence[DemandSample]) -> dict[tuple[str, datetime], set[str]]:
    items: defaultdict[tuple[str, datetime], set[str]] = defaultdict(set)
    for sample in samples:
        time = sample.time.astimezone(UTC)
        hour = time.replace(minute=0, second=0)
        second = time.minute * 60 + time.second
        items[sample.series, hour].add(f"{second:04d}|{sample.source}|{sample.value + 0.0!r}")
    return items


def _samples_of(item: Mapping[str, "AttributeValueTypeDef"]) -> Iterator[DemandSample]:
    series, _, day = item[HASH_KEY].get("S", "").partition("#")
    hour = datetime.strptime(day, _DAY_FORMAT).replace(hour=int(item[RANGE_KEY].get("S", "")), tzinfo=UTC)
    greatest: dict[tuple[str, str], float] = {}
    for text in item[_SAMPLES_ATTRIBUTE].get("SS", ()):
        second, source, value = text.split("|")
        greatest[second, source] = max(greatest.get((second, source), 0.0), float(value))
    for (second, source), value in greatest.items():
        yield DemandSample.model_construct(
            schema_version=1, series=series, time=hour + timedelta(seconds=int(second)), source=source, value=value
        )


def _store_error(action: str, *, series: str, table: str, cause: Exception) -> TelemetryError:
    return TelemetryError(
        f"the demand history could not {action} {series}: {cause}",
        remedy=f"check that table {table} exists and that the function's role may read and update it, then try again",
    )
