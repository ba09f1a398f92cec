"""Digests of built images go into environment files by a command that shows what it writes."""

import shutil
from pathlib import Path

import pytest

from cli.checkout import images as work
from cli.main import run
from images.oci import archived_digest
from quantos.environment.conventions import FUNCTIONS_IMAGE
from tests.support.small_images import written_image

ENVIRONMENTS = Path(__file__).resolve().parents[4] / "stacks" / "environments"


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with images of functions and of what no environment runs, and environment files of its own."""
    shutil.copytree(ENVIRONMENTS, tmp_path / "environments")
    monkeypatch.setattr(work, "ENVIRONMENTS", tmp_path / "environments")
    for name in (FUNCTIONS_IMAGE, "node-agent"):
        written_image(tmp_path / "images", name)
    return tmp_path / "images"


def test_pin_writes_what_was_built_and_says_what_it_left(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = images.parent / "environments" / "dev.yaml"
    before = file.read_text(encoding="utf-8")
    assert run(["images", "pin", "dev", "--images", str(images), "--check"]) == 1
    assert file.read_text(encoding="utf-8") == before
    assert run(["images", "pin", "dev", "--images", str(images)]) == 0
    digest = archived_digest(images / "functions.tar")
    changed = [line for line in file.read_text(encoding="utf-8").splitlines() if line not in before.splitlines()]
    assert changed == [f"  image_digest: {digest}"]
    assert run(["images", "pin", "dev", "--images", str(images), "--check"]) == 0
    told = capsys.readouterr()
    assert f"+  image_digest: {digest}" in told.out
    assert "dev runs no node-agent" in told.err
    assert "dev runs other images than those in" in told.err


def test_a_folder_without_images_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["images", "pin", "dev", "--images", str(tmp_path)]) == 1
    assert "has no images" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--debian", "bookworm", "--base", "x.tar"]])
def test_one_base_is_to_be_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["images", "build", *words]) == 2
    assert "name one base" in capsys.readouterr().err
