"""A real root and real packages: built twice in caches of their own, an image is the same bytes, and it runs.

It needs mmdebstrap and root; without them it skips.
"""

import json
import os
import shutil
from pathlib import Path

import pytest

from images.bases.base import Base, unpack
from images.bases.sources import debian_base
from images.build import Builder, BuiltImage
from images.definition import ImageDefinition
from images.layers.engine import EngineFiles
from images.layers.store import layer_store
from tests.support.small_images import small_definition

ROOT = Path(__file__).resolve().parents[2]
GROUP = "functions"
"""A group of the lock with few packages, one of them compiled."""

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(
        shutil.which("mmdebstrap") is None or os.geteuid() != 0, reason="needs mmdebstrap, and root to run it"
    ),
]


def no_engine() -> EngineFiles:
    raise AssertionError("no image here has an engine")


@pytest.fixture(scope="module")
def base() -> Base:
    return debian_base("bookworm", store=layer_store(os.environ), environ=os.environ)


def definition() -> ImageDefinition:
    return small_definition(code=("lambdas",), groups=(GROUP,), entrypoint=("python", "-m", "awslambdaric"))


def built(base: Base, folder: Path) -> BuiltImage:
    caches = {**os.environ, "XDG_CACHE_HOME": str(folder)}
    kept = {"UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))}
    builder = Builder(project=ROOT, base=base, store=layer_store(caches), engine=no_engine, environ={**caches, **kept})
    return builder.build(definition(), into=folder / "out", tell=lambda _what: None)


def test_packages_of_the_lock_are_the_same_bytes_twice(base: Base, tmp_path: Path) -> None:
    one, two = built(base, tmp_path / "one"), built(base, tmp_path / "two")
    assert one.image.digest == two.image.digest
    assert one.archive.read_bytes() == two.archive.read_bytes()
    named = {component["name"]: component for component in json.loads(one.sbom.read_text())["components"]}
    assert len(named["awslambdaric"]["hashes"][0]["content"]) == 64
    assert named["libc6"]["purl"].startswith("pkg:deb/debian/libc6@")

    root = tmp_path / "root"
    unpack([layer.blob for layer in one.image.layers], root)
    packages = root / "opt" / "python"
    assert (packages / "awslambdaric" / "__pycache__" / "bootstrap.cpython-311.pyc").is_file()
    assert not (packages / "bin").exists()
    records = [path.read_text(encoding="utf-8") for path in packages.rglob("RECORD")]
    assert not any("bin/" in record for record in records)
    written = [path for path in root.rglob("*") if path.is_file() and str(tmp_path).encode() in path.read_bytes()]
    assert written == []
