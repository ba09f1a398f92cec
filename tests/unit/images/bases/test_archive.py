"""An image that was saved is read for what is built upon it, or refused with how to save one."""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from images.bases.archive import holds_image, read_saved
from images.errors import ImageError
from images.oci import MANIFEST_TYPE

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
AMD, ARM = {"architecture": "amd64", "os": "linux"}, {"architecture": "arm64", "os": "linux"}


def keep(folder: Path, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    (folder / "blobs" / "sha256" / digest).write_bytes(content)
    return f"sha256:{digest}"


def put(folder: Path, document: dict[str, Any]) -> str:
    return keep(folder, json.dumps(document).encode())


def image(folder: Path, layer: bytes) -> str:
    digest = keep(folder, layer)
    config = put(folder, {"config": {"Env": ["PATH=/var/lang/bin:/bin"]}, "rootfs": {"diff_ids": [digest]}, **AMD})
    return put(
        folder,
        {"config": {"mediaType": "c", "digest": config}, "layers": [{"mediaType": GZIP, "digest": digest, "size": 1}]},
    )


def index(folder: Path, *stated: tuple[str, dict[str, str]], kind: str = MANIFEST_TYPE) -> None:
    manifests = [{"mediaType": kind, "digest": digest, "size": 1, "platform": platform} for digest, platform in stated]
    (folder / "index.json").write_text(json.dumps({"manifests": manifests}), encoding="utf-8")


def test_the_image_of_this_platform_is_taken_through_lists_of_lists(tmp_path: Path) -> None:
    mine, other = image(tmp_path, b"mine"), image(tmp_path, b"other")
    index(tmp_path, (mine, AMD), (other, ARM))
    inner = keep(tmp_path, (tmp_path / "index.json").read_bytes())
    index(tmp_path, (inner, AMD), kind=INDEX_TYPE)
    saved = read_saved(tmp_path, name="base.tar")
    assert saved.digest == mine
    assert [layer.blob.read_bytes() for layer in saved.layers] == [b"mine"]
    assert saved.environment == {"PATH": "/var/lang/bin:/bin"}


def test_an_archive_of_docker_is_known_by_its_configuration(tmp_path: Path) -> None:
    layer = hashlib.sha256(b"layer").hexdigest()
    (tmp_path / "l.tar").write_bytes(b"layer")
    config = json.dumps({"config": {"Env": None}, "rootfs": {"diff_ids": [f"sha256:{layer}"]}}).encode()
    (tmp_path / "c.json").write_bytes(config)
    (tmp_path / "manifest.json").write_text(json.dumps([{"Config": "c.json", "Layers": ["l.tar"]}]), encoding="utf-8")
    saved = read_saved(tmp_path, name="base.tar")
    assert saved.digest == f"sha256:{hashlib.sha256(config).hexdigest()}"
    assert [one.digest for one in saved.layers] == [f"sha256:{layer}"]


def test_several_images_are_no_base(tmp_path: Path) -> None:
    index(tmp_path, (image(tmp_path, b"a"), AMD), (image(tmp_path, b"b"), AMD))
    with pytest.raises(ImageError, match="holds 2 images for linux/amd64") as caught:
        read_saved(tmp_path, name="base.tar")
    assert "skopeo copy" in caught.value.remedy


def test_a_layer_that_was_changed_is_refused(tmp_path: Path) -> None:
    index(tmp_path, (image(tmp_path, b"mine"), AMD))
    digest = hashlib.sha256(b"mine").hexdigest()
    (tmp_path / "blobs" / "sha256" / digest).write_bytes(b"more")
    with pytest.raises(ImageError, match=f"is not what its digest says: sha256:{digest}"):
        read_saved(tmp_path, name="base.tar")


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    index(tmp_path, (f"sha256:{'0' * 64}", AMD))
    with pytest.raises(ImageError, match="is no whole image"):
        read_saved(tmp_path, name="base.tar")


def test_a_root_is_no_image_and_a_text_no_archive(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x", encoding="utf-8")
    for name in ("index.json", "oci-layout"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        archive.add(tmp_path / "oci-layout", "oci-layout")
    with tarfile.open(tmp_path / "root.tar", "w") as archive:
        archive.add(tmp_path / "text", "etc/hosts")
    assert holds_image(tmp_path / "image.tar")
    assert not holds_image(tmp_path / "root.tar")
    with pytest.raises(ImageError, match="cannot be read as a base"):
        holds_image(tmp_path / "text")
