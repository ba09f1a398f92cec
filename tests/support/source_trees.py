"""Checkouts of a few files, as a comparison of two revisions reads them."""

from collections.abc import Mapping
from pathlib import Path

from quantos.pull_request.sources import SourceTree


def write_tree(root: Path, files: Mapping[str, str | None]) -> SourceTree:
    """The files in a folder, by path and content; one without content is not written."""
    for name, content in files.items():
        if content is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    return SourceTree(root)
