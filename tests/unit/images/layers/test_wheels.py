"""Which wheel of a lock was installed is told by its tags, and what it may be used under by its metadata."""

from pathlib import Path

import pytest

from images.errors import ImageError
from images.layers.wheels import python_components, read_lock

LOCK = """
[[package]]
name = "numpy"
version = "2.4.6"
wheels = [
    { url = "https://example.com/numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", hash = "sha256:aa" },
    { url = "https://example.com/numpy-2.4.6-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", hash = "sha256:bb" },
]

[[package]]
name = "pyyaml-env"
version = "1.0"
wheels = [{ url = "https://example.com/pyyaml_env-1.0-py2.py3-none-any.whl", hash = "sha256:cc" }]

[[package]]
name = "twice"
version = "1"

[[package]]
name = "twice"
version = "2"
"""  # noqa: E501


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    (tmp_path / "uv.lock").write_text(LOCK, encoding="utf-8")
    return tmp_path / "uv.lock"


def install(folder: Path, metadata: str, *tags: str) -> None:
    info = folder / f"{len(list(folder.glob('*.dist-info')))}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\n{metadata}\n\nText\n", encoding="utf-8")
    (info / "WHEEL").write_text("".join(f"Tag: {tag}\n" for tag in tags), encoding="utf-8")


def test_the_wheel_is_told_by_its_tags(lock: Path, tmp_path: Path) -> None:
    tags = ("cp311-cp311-manylinux_2_27_x86_64", "cp311-cp311-manylinux_2_28_x86_64")
    install(tmp_path / "p", "Name: numpy\nVersion: 2.4.6\nLicense-Expression: BSD-3-Clause AND MIT", *tags)
    (component,) = python_components(tmp_path / "p", read_lock(lock))
    assert (component.sha256, component.licence) == ("aa", "BSD-3-Clause AND MIT")


def test_a_wheel_that_is_the_only_one_needs_no_tags(lock: Path, tmp_path: Path) -> None:
    install(tmp_path / "p", "Name: PyYAML_env\nVersion: 1.0\nClassifier: License :: OSI Approved :: MIT License")
    (component,) = python_components(tmp_path / "p", read_lock(lock))
    assert (component.name, component.sha256, component.licence_text) == ("pyyaml-env", "cc", "MIT License")


def test_a_wheel_that_nobody_can_tell_has_no_digest(lock: Path, tmp_path: Path) -> None:
    install(tmp_path / "p", f"Name: numpy\nVersion: 2.4.6\nLicense: {'long text ' * 30}", "cp313-cp313-any")
    (component,) = python_components(tmp_path / "p", read_lock(lock))
    assert (component.sha256, component.licence, component.licence_text) == ("", "", "")


def test_one_version_is_asked_for(lock: Path) -> None:
    locked = read_lock(lock)
    assert locked.version("numpy") == "2.4.6"
    with pytest.raises(ImageError, match=r"uv\.lock has 1, 2 of twice"):
        locked.version("twice")
    with pytest.raises(ImageError, match=r"uv\.lock has no version of gone"):
        locked.version("gone")
