"""An archive is imported where Kubernetes looks, and known by the reference that a pod names."""

from pathlib import Path

import pytest

from images.containerd import Containerd
from images.errors import ImageError
from tests.support.engine_binaries import write_executable
from tests.support.small_images import written_image


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return written_image(tmp_path / "images", "runner")


def ctr(folder: Path, script: str = "") -> str:
    return str(write_executable(folder / "ctr", f'echo "$@" >> {folder}/calls\n{script}'))


@pytest.mark.parametrize("repository", [None, "1.example.com/quantos-dev-runner"])
def test_it_is_known_by_its_digest(archive: Path, tmp_path: Path, repository: str | None) -> None:
    containerd = Containerd("/run/c.sock", ctr=ctr(tmp_path))
    reference = containerd.load("runner", archive, repository=repository)
    name, _, digest = reference.partition("@")
    assert name == (repository or "docker.io/quantos/runner")
    asked = "--address /run/c.sock --namespace k8s.io images"
    assert (tmp_path / "calls").read_text(encoding="utf-8").splitlines() == [
        f"{asked} import {archive}",
        f"{asked} tag --force docker.io/quantos/runner:{digest[7:19]} {reference}",
    ]


def test_what_containerd_says_is_told(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="did not do `images import`: no such socket"):
        Containerd("/run/c.sock", ctr=ctr(tmp_path, "echo no such socket >&2; exit 1")).load("runner", archive)


def test_what_is_no_archive_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runner.tar").write_bytes(b"x")
    with pytest.raises(ImageError, match="is no archive of one image"):
        Containerd("/run/c.sock", ctr=ctr(tmp_path)).load("runner", tmp_path / "runner.tar")
