"""The rules that other planners go by, so that what serves is never much worse than the best of them."""

import numpy as np

from quantos.arrays import FloatArray
from quantos.forecasting.features.origins import Frame, level_ratio, same_time_before
from quantos.forecasting.models.family import Parameters, Sample

REACTIVE = "reactive"
STATIC = "static-peak"
NAIVE_DAY = "seasonal-naive-day"
NAIVE_WEEK = "seasonal-naive-week"
COMBINED_DAY = "reactive-or-day"
COMBINED_WEEK = "reactive-or-week"
NAIVE_SESSION = "session-naive"
COMBINED_SESSION = "reactive-or-session"
NAIVE = (NAIVE_DAY, NAIVE_WEEK, NAIVE_SESSION)
PLAIN = (REACTIVE, STATIC, *NAIVE, COMBINED_DAY, COMBINED_WEEK, COMBINED_SESSION)
"""All of them: what anything cleverer has to beat."""


class Rules:
    """Demand now, its highest so far, a season ago with the present level, and the greater of now and a season ago.

    A season is a day, a week, or the last day that was open at that time. A rule is silent where the history knows no
    such season.
    """

    names: tuple[str, ...] = PLAIN

    def fit(self, sample: Sample) -> Parameters:
        """Only the highest demand is remembered."""
        look = sample.frame.look
        return {"peak": np.array([look.values[: look.end].max()])}

    def targets(self, parameters: Parameters, frame: Frame) -> dict[str, FloatArray]:
        """What each rule says at each origin."""
        look, layout = frame.look, frame.layout
        now = look.at(0)
        targets = {REACTIVE: now, STATIC: np.maximum(parameters["peak"], look.maximum(layout.day_bins))}
        seasons = (
            (bool(layout.days), layout.day_bins, NAIVE_DAY, COMBINED_DAY),
            (bool(layout.weeks), 7 * layout.day_bins, NAIVE_WEEK, COMBINED_WEEK),
        )
        for known, season, naive, combined in seasons:
            if known:
                level = level_ratio(look, layout, season, width=layout.level_bins)
                targets[naive] = same_time_before(look, layout, season) * level
                targets[combined] = np.maximum(now, targets[naive])
        if frame.session is not None:
            targets[NAIVE_SESSION] = frame.session
            targets[COMBINED_SESSION] = np.maximum(now, frame.session)
        return targets
