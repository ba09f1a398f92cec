"""An executor whose attempts end as the story says. It remembers names, and tells again until it is acknowledged."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from quantos.contracts.dag.outputs import Output, Outputs
from quantos.orchestration.adapters.messages import decode
from quantos.orchestration.adapters.s3_objects import S3Objects
from quantos.orchestration.execution.usage import used_by_day
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol.effects import Acknowledge, Create, Stop
from quantos.orchestration.protocol.ports import Sender
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Order, Started
from sandbox.kill_sweep.runs.story import OUTPUTS, end_of

RUNS_MS: Final = 15_000
"""How long an attempt runs that nobody stops."""


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    order: Order | None
    started_ms: int = 0
    heard_start: bool = False
    stopped: bool = False
    finished: Finished | None = None
    acknowledged: bool = False


@dataclass
class StoryExecutor:
    """Keeps every attempt it was ever asked of; `began` counts how often each really ran."""

    objects: S3Objects
    sender: Sender
    began: Counter[str] = field(default_factory=Counter)
    _attempts: dict[AttemptKey, _Attempt] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Whether all that became of attempts is acknowledged."""
        return all(attempt.acknowledged for attempt in self._attempts.values())

    @property
    def used(self) -> Amount:
        """What all attempts used."""
        ends = [attempt.finished for attempt in self._attempts.values() if attempt.finished is not None]
        return sum((amount for finished in ends for _, amount in finished.used), Amount())

    def runs(self, attempt: AttemptKey) -> bool:
        """Whether an attempt runs now."""
        known = self._attempts.get(attempt)
        return known is not None and known.order is not None and known.finished is None

    def take(self, value: bytes, *, now_ms: int) -> None:
        """Take one record of `orch.attempts`."""
        match decode(value):
            case Create(order) if order.node.last_attempt not in self._attempts:
                self.began[str(order.node.last_attempt)] += 1
                self._attempts[order.node.last_attempt] = _Attempt(order=order, started_ms=now_ms)
            case Stop(key) if key not in self._attempts:
                finished = Finished(key, "cancelled", detail="stopped before it began")
                self._attempts[key] = _Attempt(order=None, finished=finished)
            case Stop(key):
                self._attempts[key] = replace(self._attempts[key], stopped=True)
            case Acknowledge(key):
                self._attempts[key] = replace(self._attempts[key], acknowledged=True)
            case _:
                return

    def step(self, *, now_ms: int) -> None:
        """End what is to end, and tell of everything that nobody has acknowledged."""
        for key, attempt in self._attempts.items():
            if attempt.acknowledged:
                continue
            finished = attempt.finished or self._end(key, attempt, now_ms=now_ms)
            if attempt.order is not None and not attempt.heard_start:
                self.sender.send(Started(key, attempt.started_ms))
            if finished is not None:
                self.sender.send(finished)
            self._attempts[key] = replace(attempt, heard_start=True, finished=finished)

    def _end(self, key: AttemptKey, attempt: _Attempt, *, now_ms: int) -> Finished | None:
        end = end_of(key)
        if attempt.order is None or not (attempt.stopped or (end and now_ms - attempt.started_ms >= RUNS_MS)):
            return None
        times = {"started_ms": attempt.started_ms, "ended_ms": now_ms}
        used = used_by_day(attempt.order.node.requests, **times)
        if attempt.stopped or end is None:
            return Finished(key, "cancelled", used=used, **times)
        if end == "succeeded":
            self._give(key)
        return Finished(key, end, used=used, **times)

    def _give(self, key: AttemptKey) -> None:
        outputs = Outputs(outputs=dict(self._outputs(key)))
        self.objects.put_once(f"workspaces/{key}/outputs.json", outputs.model_dump_json().encode())

    def _outputs(self, key: AttemptKey) -> Iterator[tuple[str, Output]]:
        for name in OUTPUTS[key.node]:
            content, place = f"{name} of {key}".encode(), f"workspaces/{key}/files/{name}"
            self.objects.put_once(place, content)
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            uri = f"s3://{self.objects.bucket}/{place}"
            yield name, Output(type="object", uri=uri, hash=digest, size_bytes=len(content))
