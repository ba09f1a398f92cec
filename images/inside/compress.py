"""Compresses a file by gzip; run by the image's own Python, so that its zlib and not the builder's makes the bytes.

compress.py FROM TO
"""

import gzip
import shutil
import sys
from pathlib import Path

LEVEL = 6
CHUNK = 1 << 20


def compress(source: Path, target: Path) -> None:
    """Write `target`, which names no file and no time."""
    with (
        source.open("rb") as opened,
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=raw, mtime=0) as packed,
    ):
        shutil.copyfileobj(opened, packed, CHUNK)


if __name__ == "__main__":
    compress(Path(sys.argv[1]), Path(sys.argv[2]))
