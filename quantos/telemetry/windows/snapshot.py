"""Binned demand of some series as one document, for processes to come."""

import hashlib
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from quantos.telemetry.sources import SourceBins
from quantos.telemetry.windows.refresh import ReadSpan

_LAYOUT: Final = 2
_DIGEST_BYTES: Final = 32
_CELLS: Final = ("bins", "sources", "values", "left_bins", "left")


@dataclass(frozen=True)
class KeptWindow:
    """What the sources of some series told over one span."""

    span: ReadSpan
    source_bins: Mapping[str, SourceBins]


def window_key(series: Collection[str], *, bin_seconds: int) -> str:
    """The name under which a window of these series is kept: the same in every process."""
    names = "\n".join(sorted(series))
    return f"{hashlib.sha256(names.encode()).hexdigest()[:32]}-{bin_seconds}"


def dumped(window: KeptWindow) -> bytes:
    """The window as a compressed archive of arrays; a few bytes a bin and source."""
    names = sorted(window.source_bins)
    content = io.BytesIO()
    arrays = {
        f"{index}.{part}": np.array(getattr(window.source_bins[name], part))
        for index, name in enumerate(names)
        for part in _CELLS
    }
    np.savez_compressed(
        content,
        allow_pickle=False,
        layout=np.int64(_LAYOUT),
        span=np.array([window.span.start, window.span.end, window.span.hour], dtype=np.int64),
        series=np.array(names, dtype=np.str_),
        counts=np.array([window.source_bins[name].count for name in names], dtype=np.int64),
        **{
            f"{index}.names": np.array(window.source_bins[name].names, dtype=np.str_)
            for index, name in enumerate(names)
        },
        **arrays,
    )
    whole = content.getvalue()
    return hashlib.sha256(whole).digest() + whole


def loaded(content: bytes) -> KeptWindow | None:
    """What `dumped` wrote; None where it is of another release or damaged, since the histories hold it all."""
    digest, whole = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(whole).digest() != digest:
        return None
    try:
        with np.load(io.BytesIO(whole), allow_pickle=False) as archive:
            if int(archive["layout"]) != _LAYOUT:
                return None
            start, end, hour = (int(number) for number in archive["span"])
            source_bins = {
                name: SourceBins(
                    count=int(archive["counts"][index]),
                    names=tuple(archive[f"{index}.names"].tolist()),
                    **{part: archive[f"{index}.{part}"] for part in _CELLS},
                )
                for index, name in enumerate(archive["series"].tolist())
            }
            return KeptWindow(ReadSpan(start, end, hour), source_bins)
    except (ValueError, KeyError):
        return None
