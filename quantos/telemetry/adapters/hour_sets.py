"""Sets of short texts on DynamoDB, one item per series and hour.

A set union is idempotent and commutative, so redelivery and reordering leave the same item. The table's keys are
`HASH_KEY` (series and day, `workload/orders#2003-03-03`: a partition a day, so that none grows with the history) and
`RANGE_KEY` (hour, `07`), both strings; its time-to-live attribute is `TTL_ATTRIBUTE`, epoch seconds.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from botocore.exceptions import ClientError

from quantos.adapters.aws import AWS
from quantos.errors import TelemetryError
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

HASH_KEY: Final = "pk"
RANGE_KEY: Final = "sk"
TTL_ATTRIBUTE: Final = "expires_at"

WRITERS: Final = 4
"""Updates under way at once; each is of its own item."""

_TOO_LARGE: Final = "Item size"
"""How DynamoDB begins to say that an item would grow beyond 400 KB; its code, ValidationException, says less."""

KEYS_AT_ONCE: Final = 100
"""Most keys that BatchGetItem takes."""

Place: TypeAlias = tuple[str, datetime]
"""What one item holds: a series in an hour."""

_DAY_FORMAT: Final = "%Y-%m-%d"
_SAMPLES_ATTRIBUTE: Final = "samples"


@dataclass(frozen=True)
class HourEntry:
    """A text of a series, `second` seconds into the hour that starts at `hour`."""

    series: str
    hour: datetime
    second: int
    text: str

    @classmethod
    def at(cls, series: str, moment: datetime, *, text: str) -> "HourEntry":
        """The entry of a moment, whole seconds."""
        utc = moment.astimezone(UTC)
        return cls(series, utc.replace(minute=0, second=0), utc.minute * 60 + utc.second, text)

    @property
    def place(self) -> Place:
        """The item that holds it: series and hour."""
        return self.series, self.hour

    @property
    def moment(self) -> datetime:
        """Hour and second together."""
        return self.hour + timedelta(seconds=self.second)


@dataclass(frozen=True, kw_only=True)
class HourSets:
    """Entries on one table. Items expire `retention` after the hour they hold."""

    client: "DynamoDBClient"
    table: str
    retention: timedelta

    def add(self, entries: Iterable[HourEntry]) -> frozenset[Place]:
        """Add entries, one update per series and hour, and return the places that have no room for theirs.

        Of such a place no entry is added. Raises TelemetryError; adding all again is safe.
        """
        items: dict[Place, set[str]] = {}
        for entry in entries:
            items.setdefault(entry.place, set()).add(f"{entry.second:04d}|{entry.text}")
        with ThreadPoolExecutor(max_workers=WRITERS) as writers:
            updates = {
                (series, hour): writers.submit(self._update, series, hour=hour, texts=texts)
                for (series, hour), texts in items.items()
            }
            return frozenset(place for place, update in updates.items() if not update.result())

    def read(self, series: Collection[str], *, start: datetime, end: datetime) -> Iterator[HourEntry]:
        """Entries with start <= moment < end, in no order. Raises TelemetryError."""
        for item in self._items(series, start=start, end=end):
            for entry in _entries(item):
                if start <= entry.moment < end:
                    yield entry

    def _update(self, series: str, *, hour: datetime, texts: set[str]) -> bool:
        """Add texts to an item, and say whether there was room."""
        expires_at = int((hour + self.retention).timestamp())
        with _trying_to("take samples of", series=series, table=self.table):
            try:
                self.client.update_item(
                    TableName=self.table,
                    Key=_key(series, hour),
                    UpdateExpression="SET #ttl = :ttl ADD #samples :samples",
                    ExpressionAttributeNames={"#ttl": TTL_ATTRIBUTE, "#samples": _SAMPLES_ATTRIBUTE},
                    ExpressionAttributeValues={":ttl": {"N": str(expires_at)}, ":samples": {"SS": sorted(texts)}},
                )
            except ClientError as exc:
                if not exc.response.get("Error", {}).get("Message", "").startswith(_TOO_LARGE):
                    raise
                return False
        return True

    def _items(
        self, series: Collection[str], *, start: datetime, end: datetime
    ) -> Iterator[Mapping[str, "AttributeValueTypeDef"]]:
        """The items of every hour in the range, by their keys: a hundred a call, and those put off asked for again."""
        waiting = [_key(name, hour) for name in series for hour in _hours(start, end)]
        while waiting:
            asked, waiting = waiting[:KEYS_AT_ONCE], waiting[KEYS_AT_ONCE:]
            with _trying_to("read", series=", ".join(sorted(series)), table=self.table):
                answer = self.client.batch_get_item(RequestItems={self.table: {"Keys": asked, "ConsistentRead": True}})
                items = answer["Responses"].get(self.table, [])
            yield from items
            put_off = answer.get("UnprocessedKeys", {}).get(self.table)
            waiting += [] if put_off is None else put_off["Keys"]


def _key(series: str, hour: datetime) -> dict[str, "AttributeValueTypeDef"]:
    return {HASH_KEY: {"S": f"{series}#{hour.strftime(_DAY_FORMAT)}"}, RANGE_KEY: {"S": f"{hour:%H}"}}


def _hours(start: datetime, end: datetime) -> Iterator[datetime]:
    """Starts of the hours that hold any moment of start <= moment < end."""
    hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < end:
        yield hour
        hour += timedelta(hours=1)


def _entries(item: Mapping[str, "AttributeValueTypeDef"]) -> Iterator[HourEntry]:
    series, _, day = item[HASH_KEY].get("S", "").partition("#")
    hour = datetime.strptime(day, _DAY_FORMAT).replace(hour=int(item[RANGE_KEY].get("S", "")), tzinfo=UTC)
    for stored in item[_SAMPLES_ATTRIBUTE].get("SS", ()):
        second, _, text = stored.partition("|")
        yield HourEntry(series, hour, int(second), text)


def _trying_to(action: str, *, series: str, table: str) -> AbstractContextManager[None]:
    return translated(
        AWS,
        into=TelemetryError,
        what=f"the telemetry store could not {action} {series}",
        remedy=f"check that table {table} exists and that the function's role may read and update it, then try again",
    )
