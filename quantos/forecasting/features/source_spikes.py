"""Spikes of a series traced to its sources, so that what was wild of one says nothing of its share."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from quantos.forecasting.features.spikes import Spike
from quantos.telemetry.sources import SourceBins


def tamed(told: SourceBins, spikes: Sequence[Spike]) -> SourceBins:
    """What sources told, with none in a spike's bins above what it told last before; one that was new there is absent.

    Args:
        told: of a series.
        spikes: of the series, as its last bin knows them.
    """
    known = [spike for spike in spikes if spike.known_at(told.count - 1)]
    if not known:
        return told
    values, kept = told.values.copy(), np.ones(len(told.values), dtype=np.bool_)
    for spike in sorted(known, key=lambda one: one.begin):
        first, end = np.searchsorted(told.bins, (spike.begin, spike.end))
        before = dict(zip(told.sources[:first].tolist(), values[:first].tolist(), strict=True))
        for cell in range(int(first), int(end)):
            source = int(told.sources[cell])
            kept[cell] = source in before
            values[cell] = min(values[cell], before.get(source, values[cell]))
    return replace(told, bins=told.bins[kept], sources=told.sources[kept], values=values[kept])
