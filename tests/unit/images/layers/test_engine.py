"""Engine, plugin and SDKs in the functions' image are those that belong together."""

import importlib.metadata
import tarfile
from pathlib import Path

import pytest

from images.errors import ImageError
from images.layers.engine import AWS_PLUGIN, engine_files
from images.layers.wheels import read_lock
from sandbox.engine.executable import CLI, LANGUAGE_EXEC, LANGUAGE_HOST
from sandbox.engine.version import PINNED_VERSION
from tests.support.engine_binaries import user_environment, write_engine, write_executable

ROOT = Path(__file__).resolve().parents[4]
LOCKED = read_lock(ROOT / "uv.lock")
SDK = importlib.metadata.version("pulumi")
PLUGIN = importlib.metadata.version("pulumi-aws")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_engine(tmp_path / "pulumi", f"v{PINNED_VERSION}")
    write_executable(tmp_path / "pulumi" / f"resource-aws-v{PLUGIN}" / AWS_PLUGIN, "exit 0")
    return tmp_path / "pulumi"


def test_engine_and_locked_sdk_are_of_one_major_version() -> None:
    """Either may be the newer one within it; this pair is what every test of the project runs on."""
    assert LOCKED.version("pulumi") == SDK
    assert PINNED_VERSION.major == int(SDK.partition(".")[0])


def test_an_engine_that_is_given_goes_in_with_the_plugin_of_the_sdk(folder: Path, tmp_path: Path) -> None:
    engine = engine_files(folder, locked=LOCKED, environ={})
    assert [(each.name, each.version) for each in engine.executables] == [
        (CLI, str(PINNED_VERSION)),
        (LANGUAGE_HOST, str(PINNED_VERSION)),
        (LANGUAGE_EXEC, str(PINNED_VERSION)),
        (AWS_PLUGIN, PLUGIN),
    ]
    assert engine.has_plugin
    components = engine.content().fill(tmp_path / "layer.tar")
    assert {component.properties["quantos:origin"] for component in components} == {"given as files"}
    with tarfile.open(tmp_path / "layer.tar") as archive:
        assert "opt/bin/pulumi-resource-aws" in archive.getnames()


def test_a_plugin_of_another_version_than_the_sdk_is_refused(folder: Path) -> None:
    (folder / f"resource-aws-v{PLUGIN}").rename(folder / "resource-aws-v1.0.0")
    with pytest.raises(ImageError, match="the plugin of the SDK that is locked") as caught:
        engine_files(folder, locked=LOCKED, environ={})
    assert f"aws v{PLUGIN}" in caught.value.remedy


def test_another_engine_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    write_engine(tmp_path, "v3.300.0")
    with pytest.raises(ImageError, match=rf"is 3\.300\.0; what every test runs on is {PINNED_VERSION}"):
        engine_files(tmp_path, locked=LOCKED, environ={})


def test_a_folder_without_an_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="holds no whole engine"):
        engine_files(tmp_path, locked=LOCKED, environ={})


def test_without_a_folder_it_is_the_sandboxs_engine_which_has_no_plugin(tmp_path: Path) -> None:
    on_path = write_engine(tmp_path / "bin", f"v{PINNED_VERSION}")
    engine = engine_files(None, locked=LOCKED, environ=user_environment(tmp_path, on_path))
    assert (engine.version, engine.origin, engine.has_plugin) == (str(PINNED_VERSION), "found on PATH", False)
