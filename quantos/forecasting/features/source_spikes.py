"""Spikes of a series traced to its sources, so that what was wild of one says nothing of its share."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from quantos.forecasting.features.spikes import Spike
from quantos.telemetry.sources import SourceBins


def tamed(source_bins: SourceBins, spikes: Sequence[Spike]) -> SourceBins:
    """What sources told, with none in a spike's bins above what it told last before; one that was new there is absent.

    Args:
        source_bins: of a series.
        spikes: of the series, as its last bin knows them.
    """
    known = [spike for spike in spikes if spike.known_at(source_bins.count - 1)]
    if not known:
        return source_bins
    values, kept = source_bins.values.copy(), np.ones(len(source_bins.values), dtype=np.bool_)
    for spike in sorted(known, key=lambda item: item.begin):
        first, end = np.searchsorted(source_bins.bins, (spike.begin, spike.end))
        before = dict(zip(source_bins.sources[:first].tolist(), values[:first].tolist(), strict=True))
        for cell in range(int(first), int(end)):
            source = int(source_bins.sources[cell])
            kept[cell] = source in before
            values[cell] = min(values[cell], before.get(source, values[cell]))
    return replace(source_bins, bins=source_bins.bins[kept], sources=source_bins.sources[kept], values=values[kept])
