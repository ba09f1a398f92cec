"""A layer is made once for what it is made of, and known by the digests of what lies in the cache."""

import hashlib
import zlib
from pathlib import Path

import pytest

from images.layers.component import Component
from images.layers.store import LayerContent
from tests.support.small_images import small_base, small_store

COMPONENT = Component(kind="library", name="six", version="1", purl="pkg:pypi/six@1", properties={"a": "b"})


def content(*parts: bytes, made: list[bytes]) -> LayerContent:
    def fill(target: Path) -> tuple[Component, ...]:
        made.append(b"".join(parts))
        target.write_bytes(b"tar of " + b"".join(parts))
        return (COMPONENT,)

    return LayerContent(purpose="packages", parts=parts, fill=fill)


def test_what_is_the_same_is_made_once(tmp_path: Path) -> None:
    store, compress, made = small_store(tmp_path / "cache"), small_base(tmp_path).interpreter.compress, []
    first = store.layer(content(b"a", made=made), compress=compress)
    again = store.layer(content(b"a", made=made), compress=compress)
    other = store.layer(content(b"b", made=made), compress=compress)
    assert first == again
    assert other.digest != first.digest
    assert made == [b"a", b"b"]
    assert again.components == (COMPONENT,)


def test_digests_are_those_of_the_bytes(tmp_path: Path) -> None:
    made: list[bytes] = []
    layer = small_store(tmp_path / "cache").layer(
        content(b"a", made=made), compress=small_base(tmp_path).interpreter.compress
    )
    packed = layer.blob.read_bytes()
    assert layer.digest == f"sha256:{hashlib.sha256(packed).hexdigest()}"
    assert layer.diff_id == f"sha256:{hashlib.sha256(zlib.decompress(packed, wbits=31)).hexdigest()}"
    assert layer.size == len(packed)
    assert packed[4:8] == bytes(4)


def test_what_failed_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    store, compress = small_store(tmp_path / "cache"), small_base(tmp_path).interpreter.compress

    def broken(_target: Path) -> tuple[Component, ...]:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        store.layer(LayerContent(purpose="packages", parts=[b"a"], fill=broken), compress=compress)
    made: list[bytes] = []
    store.layer(content(b"a", made=made), compress=compress)
    assert made == [b"a"]
    assert sorted(path.name.partition("-")[0] for path in (tmp_path / "cache").iterdir()) == ["lock", "packages"]
