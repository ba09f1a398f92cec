"""YAML as Helm reads it, which takes some texts otherwise than Python's, and faster."""

import re
from collections.abc import Iterator
from typing import Final

from quantos.charts.documents import Document, items, mapping
from quantos.errors import ChartsError
from quantos.translation import Vendor, translated

_SEPARATOR: Final = re.compile(r"(?m)^---(?=[\s#]|$)")
"""As Helm divides a file: a comment may stand right behind the dashes."""

_COMMENTS: Final = re.compile(r"(?m)^\s*(#.*)?$")


def documents(source: str, *, name: str) -> Iterator[Document]:
    """The objects of one file, those of lists each by itself. Raises ChartsError where `name` holds no YAML of them."""
    import helm_python  # noqa: PLC0415  its library is large, and only whole charts need it

    vendor = Vendor(raises=(helm_python.HelmError,))
    for part in _SEPARATOR.split(source):
        if not _COMMENTS.sub("", part).strip():
            continue
        with translated(vendor, into=ChartsError, what=f"{name} is no YAML", remedy="correct the chart or its values"):
            document = mapping(helm_python.values_from_yaml(part))
        listed = items(document.get("items")) if document.get("kind") == "List" else [document]
        yield from (mapping(each) for each in listed)
