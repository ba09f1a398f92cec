"""What is kept of decisions."""

from typing import Protocol


class RecordStore(Protocol):
    """What each plan rested on, by plan id, for replay and for the regulator."""

    def put(self, plan_id: str, content: bytes, /) -> None:
        """Keep a record; keeping it again changes nothing. Raises CapacityError."""
        ...

    def get(self, plan_id: str, /) -> bytes | None:
        """What was kept, or None. Raises CapacityError."""
        ...
