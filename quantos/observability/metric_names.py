"""Metrics of the functions by name: one list for those who count, and for those who watch or draw.

A function counts them in CloudWatch's embedded metric format, in the namespace of its environment, with the dimension
`service`, its own name, beside those listed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from quantos.contracts.plan import OutcomeStatus

SERVICE: Final = "service"
"""The dimension that every metric has: the function's short name."""
TOPIC: Final = "Topic"
SERIES: Final = "Series"
STATUS: Final = "Status"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric; `dimensions` are those beside `service` that tell its series apart."""

    name: str
    unit: Literal["Count", "Percent", "Seconds"]
    dimensions: tuple[str, ...] = ()


SAMPLES: Final = Metric(name="Samples", unit="Count", dimensions=(TOPIC,))
"""Records that became samples, redelivered ones included."""
AUDIT_LINKS: Final = Metric(name="AuditLinks", unit="Count")
"""New links of the audit chain."""
DEAD_LETTERS: Final = Metric(name="DeadLetters", unit="Count", dimensions=(TOPIC,))
DEAD_LETTER_SHARE: Final = Metric(name="DeadLetterShare", unit="Percent", dimensions=(TOPIC,))
"""Of one batch."""
SAMPLE_AGE: Final = Metric(name="NewestSampleAge", unit="Seconds", dimensions=(SERIES,))
"""Of one series that a strategy states, as its last decision found it, counted while the strategy's session is open."""
OLDEST_SAMPLE_AGE: Final = Metric(name="OldestNewestSampleAge", unit="Seconds")
"""The greatest of these in a decision; 0 where no strategy is stated."""
SILENT_SOURCES: Final = Metric(name="SilentSources", unit="Count")
"""Sources and whole series of which a decision heard nothing, and whose last share it holds."""
RETIRED_SOURCES: Final = Metric(name="RetiredSources", unit="Count")
"""Sources that a decision takes to have gone without a word, for which it holds nothing any more."""
PLANS: Final = Metric(name="Plans", unit="Count", dimensions=(STATUS,))
"""Plans by what became of them."""
PLANS_NOT_APPLIED: Final = Metric(name="PlansNotApplied", unit="Count")
PLANS_LOCKED: Final = Metric(name="PlansLocked", unit="Count")
PLANS_UNREADABLE: Final = Metric(name="PlansUnreadable", unit="Count")
PLANS_BUSY: Final = Metric(name="PlansBusy", unit="Count")
PLANS_STALE: Final = Metric(name="PlansStale", unit="Count")

FAULTS: Final[Mapping[OutcomeStatus, Metric]] = MappingProxyType(
    {
        "blocked": PLANS_NOT_APPLIED,
        "drift": PLANS_NOT_APPLIED,
        "interrupted": PLANS_NOT_APPLIED,
        "overtaken": PLANS_NOT_APPLIED,
        "failed": PLANS_NOT_APPLIED,
        "locked": PLANS_LOCKED,
        "unreadable": PLANS_UNREADABLE,
        "busy": PLANS_BUSY,
        "stale": PLANS_STALE,
    }
)
"""What an outcome that a person may have to look at counts as, beside `PLANS`."""

UNDELIVERED_LINEAGE: Final = Metric(name="UndeliveredLineage", unit="Count")
"""Events of lineage that a transport beside our own store did not take."""
ATTEMPTS_ENDED: Final = Metric(name="AttemptsEnded", unit="Count", dimensions=(STATUS,))
"""Attempts by how they ended: succeeded, cancelled, preempted, infrastructure, failure, unknown."""
SUBMISSIONS: Final = Metric(name="Submissions", unit="Count")
"""Submissions that were accepted, those sent again included."""
SWEEP_FAILURES: Final = Metric(name="SweepFailures", unit="Count")
"""Runs and messages that a sweep could not go on with, and runs that it could not clear."""

METRICS: Final = (
    SAMPLES, AUDIT_LINKS, DEAD_LETTERS, DEAD_LETTER_SHARE, SAMPLE_AGE, OLDEST_SAMPLE_AGE, SILENT_SOURCES,
    RETIRED_SOURCES, UNDELIVERED_LINEAGE, ATTEMPTS_ENDED, SUBMISSIONS, SWEEP_FAILURES, PLANS,
    *dict.fromkeys(FAULTS.values()),
)  # fmt: skip
