"""The `decisions:` and `actuator:` sections: how demand is decided on, and how quiet the engine is kept."""

from typing import Final, Literal

from pydantic import Field, PositiveInt

from quantos.environment.settings.base import Settings


class ActuatorSettings(Settings):
    """How quiet the engine is kept, and how long a dead holder's lease lives on.

    An urgent raise ignores the dead band and the interval; a dead band is at most half of a pool's range.

    By default a single node is not worth a resize, which takes minutes and may be taken back by the next bin, and a
    lease is as short as it may be (ADR 0031), so that one whose holder cannot be proved gone blocks for ten minutes.

    A lease is as long as an update may take to end: its holder renews it all along, tells the engine to end after a
    quarter of it without a renewal, and kills it before it runs out. A holder that is provably gone leaves it at once.
    """

    dead_band_nodes: PositiveInt = 2
    min_interval_seconds: int = Field(ge=0, le=86_400)
    hold_seconds: int = Field(ge=0, le=7 * 86_400)
    lease_seconds: int = Field(default=600, ge=600, le=900)


LONGEST_LEAD_SECONDS: Final = 6 * 3600
"""No node takes longer to be Ready, or capacity cannot be planned at all; with `ahead_seconds` it is within a day."""


SOURCE_RETIRED_AFTER_SECONDS: Final = 86_400
"""Of environment files and records of earlier releases, whose digests it leaves as they were."""


class DecisionSettings(Settings):
    """How demand is binned, and how far ahead capacity is bought: by the lead time of nodes and `ahead_seconds` more.

    `lead_seconds` is the time from ordering a node to having it Ready that is planned with until enough are measured.
    `source_retired_after_seconds` is for how much time in which its session is open a source that falls silent without
    a goodbye is still expected, and its share held, unless the strategy declares it.

    The defaults are the same wherever EKS is: a bin is half the ten minutes in which a slow node is Ready, a plan looks
    an hour and a half ahead and is not applied once three bins are over, and what a source told last counts as its
    value for six.
    """

    bin_seconds: Literal[60, 300, 600, 900, 1800, 3600] = 300
    lead_seconds: int = Field(default=600, ge=1, le=LONGEST_LEAD_SECONDS)
    ahead_seconds: int = Field(default=4800, ge=1, le=12 * 3600)
    history_days: int = Field(ge=2, le=90)
    plan_valid_seconds: int = Field(default=900, ge=1, le=86_400)
    stale_after_seconds: int = Field(default=1800, gt=0, lt=86_400)
    source_retired_after_seconds: int = Field(
        default=SOURCE_RETIRED_AFTER_SECONDS,
        ge=3600,
        le=30 * 86_400,
        exclude_if=lambda value: value == SOURCE_RETIRED_AFTER_SECONDS,
    )
