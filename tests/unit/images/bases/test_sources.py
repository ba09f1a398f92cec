"""A base is a file; what names an image in a registry is answered with how to save it."""

import os
import tarfile
from pathlib import Path

import pytest

from images.bases.sources import file_base
from images.errors import ImageError
from tests.support.small_images import small_store


def opened(name: str, folder: Path) -> object:
    return file_base(name, store=small_store(folder), environ={**os.environ, "XDG_CACHE_HOME": str(folder)})


def test_a_reference_is_not_pulled(tmp_path: Path) -> None:
    reference = f"amazon/aws-lambda-python:3.12@sha256:{'0' * 64}"
    with pytest.raises(ImageError, match="nothing is pulled from a registry") as caught:
        opened(reference, tmp_path)
    assert f"skopeo copy docker://{reference} oci-archive:base.tar" in caught.value.remedy


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"there is no file gone\.tar"):
        opened("gone.tar", tmp_path)


def test_a_root_without_a_python_is_no_base(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("x", encoding="utf-8")
    with tarfile.open(tmp_path / "root.tar", "w") as archive:
        archive.add(tmp_path / "hosts", "etc/hosts")
    with pytest.raises(ImageError, match=r"has no Python 3\.11, 3\.12 or 3\.13") as caught:
        opened(str(tmp_path / "root.tar"), tmp_path)
    assert "--debian" in caught.value.remedy
