"""An environment stands for an image by its lock and code, and is built once."""

import os
from pathlib import Path

import pytest

from quantos.errors import OrchestrationError
from sandbox.execution.images import IMAGES, Images
from tests.support.script_image import IMAGE, write_script_image


@pytest.fixture
def images(tmp_path: Path) -> Images:
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return Images(environ, write_script_image(tmp_path / "images"))


def test_an_environment_is_built_once_and_found_again(images: Images) -> None:
    environment = images.environment(IMAGE)
    built = environment.python.stat().st_ctime_ns
    assert images.environment(IMAGE) == environment
    assert environment.python.stat().st_ctime_ns == built
    assert environment.command == (str(environment.python), "-m", "script")
    assert (environment.modules[0] / "script" / "__main__.py").is_file()


@pytest.mark.parametrize("changed", ["uv.lock", "script/__main__.py", "pyproject.toml"])
def test_lock_and_code_change_the_digest(images: Images, changed: str) -> None:
    before = images.image(IMAGE).digest
    file = images.root / "script" / changed
    file.write_text(file.read_text() + "\n# changed\n")
    assert images.image(IMAGE).digest != before


def test_compiled_code_changes_no_digest(images: Images) -> None:
    before = images.image(IMAGE).digest
    (images.root / "script/script/__pycache__").mkdir()
    (images.root / "script/script/__pycache__/a.pyc").touch()
    assert images.image(IMAGE).digest == before


def test_another_image_is_refused_by_name(images: Images) -> None:
    with pytest.raises(OrchestrationError, match="nothing on this machine stands for the image a:1; there are example"):
        images.environment("a:1")


def test_what_cannot_be_built_is_said_and_leaves_nothing(images: Images) -> None:
    (images.root / "script/uv.lock").write_text("no lock")
    with pytest.raises(OrchestrationError, match=r"the environment of example\.org/script:1 cannot be built"):
        images.environment(IMAGE)
    cache = Path(images.environ["XDG_CACHE_HOME"]) / "quantos" / "images"
    assert [path.name for path in cache.iterdir()] == ["lock"]


@pytest.mark.parametrize("content", ["no toml", 'image = "a:1"', 'image = "a:1"\ncommand = []\ncode = ["none"]'])
def test_a_folder_that_states_no_image_is_said(images: Images, content: str) -> None:
    (images.root / "script/image.toml").write_text(content)
    with pytest.raises(OrchestrationError, match="states no image"):
        images.image(IMAGE)


def test_the_images_of_the_example_are_there_and_their_locks_name_one_registry() -> None:
    images = Images({})
    for reference in ("ghcr.io/archetype/feature-kit:0.3.2", "ghcr.io/archetype/trainers:0.8.1"):
        folder = images.image(reference).folder
        registries = [_registries(file) for file in (folder / "uv.lock", IMAGES.parents[2] / "uv.lock")]
        assert registries[0] == registries[1]


def _registries(lock: Path) -> set[str]:
    lines = lock.read_text().splitlines()
    return {line.split('"')[1] for line in lines if line.startswith("source = { registry")}
