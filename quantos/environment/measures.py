"""What functions log of their work for alarms to count: one list for those who log and for those who watch.

A measure is a field of a JSON log line, from which a metric filter of the control layer makes the metric.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A metric and the log field it is read from; `dimensions` are other fields of the same line, by dimension."""

    metric: str
    field: str
    unit: Literal["Count", "Percent", "Seconds"]
    dimensions: Mapping[str, str] = field(default_factory=dict, hash=False)


TOPIC: Final = "Topic"
DEAD_LETTERS: Final = Measure(metric="DeadLetters", field="rejected", unit="Count", dimensions={TOPIC: "topic"})
DEAD_LETTER_SHARE: Final = Measure(
    metric="DeadLetterShare", field="rejected_percent", unit="Percent", dimensions={TOPIC: "topic"}
)
"""Of one batch."""
SAMPLE_AGE: Final = Measure(
    metric="NewestSampleAge", field="age_seconds", unit="Seconds", dimensions={"Series": "series"}
)
"""Of one series that a strategy states, as its last decision found it, counted while the strategy's session is open."""
OLDEST_SAMPLE_AGE: Final = Measure(metric="OldestNewestSampleAge", field="oldest_age_seconds", unit="Seconds")
"""The greatest of these in a decision; 0 where no strategy is stated."""
SILENT_SOURCES: Final = Measure(metric="SilentSources", field="silent", unit="Count")
"""Sources and whole series of which a decision heard nothing, and whose last share it holds."""
RETIRED_SOURCES: Final = Measure(metric="RetiredSources", field="retired_sources", unit="Count")
"""Sources that a decision takes to have gone without a word, for which it holds nothing any more."""
