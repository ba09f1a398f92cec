"""Two builds of one commit give one digest; what changes it is content, and not the commit, its pins or the clock."""

import json
import os
import tarfile
from pathlib import Path

import pytest

from images.build import Builder, BuiltImage
from images.definition import ImageDefinition
from images.errors import ImageError
from images.layers.engine import EngineFiles
from images.oci import archived_digest
from tests.support.small_images import commit, small_base, small_definition, small_project, small_store

PINNED = "functions:\n  image_digest: sha256:{0}\nplatform:\n  images:\n    ray: sha256:{0}\n"


def no_engine() -> EngineFiles:
    raise AssertionError("no image here has an engine")


def built(project: Path, folder: Path, definition: ImageDefinition | None = None) -> BuiltImage:
    builder = Builder(
        project=project, base=small_base(folder), store=small_store(folder / "cache"), engine=no_engine,
        environ=dict(os.environ),
    )  # fmt: skip
    return builder.build(definition or small_definition(), into=folder / "out", tell=lambda _what: None)


def config_of(image: BuiltImage) -> dict:
    return json.loads(image.image.config)["config"]


def members(image: BuiltImage) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(image.image.layers[-1].blob) as archive:
        return {member.name: member for member in archive}


def test_two_builds_of_one_commit_are_the_same_bytes(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    one, two = built(project, tmp_path / "one"), built(project, tmp_path / "two")
    assert one.image.digest == two.image.digest
    assert one.archive.read_bytes() == two.archive.read_bytes()
    assert one.sbom.read_bytes() == two.sbom.read_bytes()


def test_the_digest_is_that_of_the_manifest_in_the_archive(tmp_path: Path) -> None:
    image = built(small_project(tmp_path / "project"), tmp_path / "one")
    assert archived_digest(image.archive) == image.image.digest
    with tarfile.open(image.archive) as archive:
        names = archive.getnames()
    assert names[:2] == ["index.json", "oci-layout"]
    assert f"blobs/{image.image.digest.replace(':', '/')}" in names
    assert len(names) == 2 + len(image.image.layers) + 2


def test_a_commit_that_changes_nothing_in_the_image_keeps_its_digest(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    before = built(project, tmp_path / "one")
    (project / "README.md").write_text("more", encoding="utf-8")
    commit(project)
    after = built(project, tmp_path / "two")
    assert after.image.digest == before.image.digest
    assert after.archive.read_bytes() != before.archive.read_bytes(), "the index says which commit it was"


def test_code_that_changed_changes_the_digest_and_its_own_layer_only(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    before = built(project, tmp_path / "one")
    (project / "services" / "runner.py").write_text("print(2)\n", encoding="utf-8")
    after = built(project, tmp_path / "two")
    assert after.image.digest != before.image.digest
    assert after.image.layers[:-1] != ()
    assert [layer.digest for layer in after.image.layers[:-1]] == [layer.digest for layer in before.image.layers[:-1]]


def test_what_git_does_not_track_stays_out_and_modules_are_compiled(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    (project / "services" / "secret.env").write_text("key", encoding="utf-8")
    inside = members(built(project, tmp_path / "one"))
    assert sorted(name for name in inside if not inside[name].isdir()) == [
        f"app/services/__pycache__/runner.cpython-3{os.sys.version_info.minor}.pyc",
        "app/services/runner.py",
        "app/services/start",
    ]
    assert inside["app/services/start"].mode == 0o755


def test_bytecode_is_taken_without_looking_at_the_source(tmp_path: Path) -> None:
    image = built(small_project(tmp_path / "project"), tmp_path / "one")
    with tarfile.open(image.image.layers[-1].blob) as archive:
        (name,) = (name for name in archive.getnames() if name.endswith(".pyc"))
        opened = archive.extractfile(name)
        assert opened is not None
        content = opened.read()
    assert int.from_bytes(content[4:8], "little") == 0b01, "hash-based, not checked"
    assert b"/app/services/runner.py" in content


def test_pinning_an_image_leaves_its_own_digest_as_it_is(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    definition = small_definition(unpinned=("services/environments",))
    file = project / "services" / "environments" / "dev.yaml"
    file.parent.mkdir()
    file.write_text(PINNED.format("0" * 64), encoding="utf-8")
    commit(project)
    before = built(project, tmp_path / "one", definition)
    file.write_text(PINNED.format(before.image.digest.removeprefix("sha256:")), encoding="utf-8")
    commit(project)
    after = built(project, tmp_path / "two", definition)
    assert after.image.digest == before.image.digest


def test_a_container_starts_with_the_bases_python_as_a_user_without_rights(tmp_path: Path) -> None:
    image = built(small_project(tmp_path / "project"), tmp_path / "one")
    config = config_of(image)
    assert config["Entrypoint"] == ["/usr/bin/python3.11", "-m", "services.runner"]
    assert config["User"] == "1000:1000"
    assert config["WorkingDir"] == "/app"
    assert {"PATH=/usr/bin", "PYTHONPATH=/app:/opt/python", "HOME=/tmp", "USER=runner"} <= set(config["Env"])
    assert config["Labels"]["org.opencontainers.image.base.name"] == "small"


def test_a_changed_working_tree_is_told_beside_the_image(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    (project / "services" / "runner.py").write_text("print(3)\n", encoding="utf-8")
    image = built(project, tmp_path / "one")
    with tarfile.open(image.archive) as archive:
        opened = archive.extractfile("index.json")
        assert opened is not None
        index = json.loads(opened.read())
    revision = index["manifests"][0]["annotations"]["org.opencontainers.image.revision"]
    assert revision.endswith("-changed")


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "project" / "services").mkdir(parents=True)
    with pytest.raises(ImageError, match="git does not tell the files of"):
        built(tmp_path / "project", tmp_path / "one")
