"""Binned demand in the plans bucket: `windows/<series and bin size>.npz`, written over and over."""

from dataclasses import dataclass

from quantos.capacity.adapters.s3_plans import PlansBucket


@dataclass(frozen=True)
class S3Windows:
    """A WindowStore in a bucket."""

    bucket: PlansBucket

    def get(self, key: str) -> bytes | None:
        """What was kept last, or None. Raises CapacityError."""
        stored = self.bucket.get(_object_key(key))
        return None if stored is None else stored[0]

    def put(self, key: str, content: bytes) -> None:
        """Keep it, whatever is there. Raises CapacityError."""
        self.bucket.put(_object_key(key), content, content_type="application/octet-stream")


def _object_key(key: str) -> str:
    return f"windows/{key}.npz"
