"""Announces what open runs need of each pool, so that capacity plans know of it before a queue forms."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from quantos.contracts import topics
from quantos.environment.settings.decisions import DecisionSettings
from quantos.messaging.ports import Message, Publisher
from quantos.orchestration.demand.samples import Telling, demand_sample, signal_samples
from quantos.orchestration.demand.stretches import Market, Stretch, stretches
from quantos.orchestration.protocol.ports import RowStore, RunIndex
from quantos.orchestration.protocol.rows import Submission, submission_key


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """Demand of the runs of one environment.

    It is told of every pool, also where it is nothing, and of all runs or not at all: what is not told is silence, for
    which capacity holds what it knew.
    """

    rows: RowStore
    index: RunIndex
    market: Market
    publisher: Publisher
    decisions: DecisionSettings
    left_seconds: Callable[[], float]

    def publish(self, now_ms: int) -> bool:
        """Publish what is needed now and in the bins that decisions look at; False where there was no time for it.

        Raises:
            OrchestrationError: a run cannot be read.
            BusError: the bus failed; announcing again is safe.
        """
        parts: list[Stretch] = []
        for run in self.index.open_runs():
            if self.left_seconds() <= 0:
                return False
            (submission,) = self.rows.load([submission_key(run)])
            if isinstance(submission, Submission):
                nodes = self.rows.load_nodes(run, submission.digest)
                parts.extend(stretches(submission, nodes, now_ms=now_ms, market=self.market))
        self.publisher.publish(tuple(self._messages(parts, self._telling(now_ms))))
        return True

    def _telling(self, now_ms: int) -> Telling:
        bin_seconds = self.decisions.bin_seconds
        ahead = self.decisions.lead_seconds + self.decisions.ahead_seconds
        return Telling(now_ms=now_ms, bin_seconds=bin_seconds, bins=1 + math.ceil(ahead / bin_seconds))

    def _messages(self, parts: list[Stretch], telling: Telling) -> Iterator[Message]:
        for pool in [offer.pool for offer in self.market.offers]:
            sample = demand_sample(parts, pool=pool, telling=telling)
            yield Message(topics.TELEMETRY_WORKLOAD, sample.series, sample.to_json())
            for signal in signal_samples(parts, pool=pool, telling=telling):
                yield Message(topics.TELEMETRY_SIGNAL, signal.series, signal.to_json())
