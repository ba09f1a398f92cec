"""Fitted models in the plans bucket: `fits/<pool>/<key>.json`, one a pool and day."""

from dataclasses import dataclass

from quantos.capacity.adapters.s3_plans import PlansBucket


@dataclass(frozen=True)
class S3Fits:
    """A FitStore in a bucket."""

    bucket: PlansBucket

    def get(self, pool: str, key: str) -> bytes | None:
        """What was stored, or None. Raises CapacityError."""
        found = self.bucket.get(_object_key(pool, key))
        return None if found is None else found[0]

    def put(self, pool: str, key: str, content: bytes) -> None:
        """Store it, whatever is there. Raises CapacityError."""
        self.bucket.put(_object_key(pool, key), content)


def _object_key(pool: str, key: str) -> str:
    return f"fits/{pool}/{key}.json"
