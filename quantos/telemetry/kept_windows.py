"""Binned demand of some series as one document, for processes to come."""

import hashlib
import io
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from quantos.telemetry.bins import FloatArray
from quantos.telemetry.rereading import ReadSpan

_LAYOUT: Final = 1


@dataclass(frozen=True)
class KeptWindow:
    """Sums of some series over one span, each of shape (bins,), NaN where nothing was known."""

    span: ReadSpan
    sums: Mapping[str, FloatArray]


def window_key(series: Collection[str], *, bin_seconds: int) -> str:
    """The name under which a window of these series is kept: the same in every process."""
    names = "\n".join(sorted(series))
    return f"{hashlib.sha256(names.encode()).hexdigest()[:32]}-{bin_seconds}"


def dumped(window: KeptWindow) -> bytes:
    """The window as a compressed archive of arrays; a few bytes a bin."""
    names = sorted(window.sums)
    content = io.BytesIO()
    np.savez_compressed(
        content,
        layout=np.int64(_LAYOUT),
        span=np.array([window.span.start, window.span.end, window.span.hour], dtype=np.int64),
        series=np.array(names, dtype=np.str_),
        sums=np.array([window.sums[name] for name in names], dtype=np.float64),
    )
    return content.getvalue()


def loaded(content: bytes) -> KeptWindow | None:
    """What `dumped` wrote; None where it is of another release or damaged, since the histories hold it all."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            if int(archive["layout"]) != _LAYOUT:
                return None
            start, end, hour = (int(number) for number in archive["span"])
            rows = zip(archive["series"].tolist(), archive["sums"], strict=True)
            return KeptWindow(ReadSpan(start, end, hour), dict(rows))
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        return None
