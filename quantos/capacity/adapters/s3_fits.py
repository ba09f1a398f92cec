"""Fits in the plans bucket: `fits/<pools>/<question>/<day>.json`, the day as 2026-11-21, so that keys sort by it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from quantos.capacity.adapters.s3_plans import PlansBucket
from quantos.capacity.demand.ports import FitKey

SUFFIX = ".json"


@dataclass(frozen=True)
class S3Fits:
    """A FitStore in a bucket."""

    bucket: PlansBucket

    def get(self, key: FitKey) -> bytes | None:
        """What was stored, or None. Raises CapacityError."""
        stored = self.bucket.get(_object_key(key))
        return None if stored is None else stored[0]

    def put(self, key: FitKey, content: bytes) -> None:
        """Store it, whatever is there. Raises CapacityError."""
        self.bucket.put(_object_key(key), content)

    def days(self, key: FitKey, *, since: date) -> Collection[date]:
        """Days from `since` on and before the key's that have a fit, by one listing. Raises CapacityError."""
        limit = (key.day - since).days
        if limit < 1:
            return ()
        folder = _folder(key)
        names = self.bucket.keys(folder, limit=limit, after=f"{folder}{since}")
        days = [date.fromisoformat(name.removeprefix(folder).removesuffix(SUFFIX)) for name in names]
        return [day for day in days if day < key.day]


def _folder(key: FitKey) -> str:
    return f"fits/{key.pools}/{key.question}/"


def _object_key(key: FitKey) -> str:
    return f"{_folder(key)}{key.day}{SUFFIX}"
