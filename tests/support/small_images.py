"""A base as small as can be, whose Python is this very one, and a project of one folder."""

import subprocess
import sys
from pathlib import Path

from images.bases.base import Base
from images.bases.interpreter import Interpreter
from images.definition import ImageDefinition
from images.layers.store import TAR, Layer, LayerStore, sha256_of
from images.layers.tree import Entry, write_tar
from images.oci import Program, oci_image, write_archive
from sandbox.engine.cache import EngineCache


class OwnInterpreter(Interpreter):
    """Runs what is to run inside a base by the Python of the test."""

    def _start(self, arguments):  # type: ignore[override]
        return subprocess.Popen(
            [sys.executable, "-S", "-P", *arguments],
            env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


def small_base(folder: Path) -> Base:
    """A base with one file."""
    root = folder / "root"
    root.mkdir(parents=True, exist_ok=True)
    tar = folder / "base.tar"
    write_tar(tar, [Entry(path="etc/os-release", content=b"ID=small\n")])
    digest = sha256_of(tar)
    layer = Layer(purpose="base", digest=digest, diff_id=digest, size=tar.stat().st_size, media_type=TAR, blob=tar)
    return Base(
        name="small", digest=digest, layers=(layer,), environment={"PATH": "/usr/bin"},
        interpreter=OwnInterpreter(root=root, path="/usr/bin/python3.11", minor=11), components=(),
    )  # fmt: skip


def small_store(folder: Path) -> LayerStore:
    """A store of its own."""
    return LayerStore(EngineCache(root=folder))


def small_definition(**changes: object) -> ImageDefinition:
    """An image of the folder `services`, without packages."""
    stated = {
        "name": "runner", "project": False, "groups": (), "code": ("services",), "unpinned": (), "tools": (),
        "entrypoint": ("python", "-m", "services.runner"), "command": (), "user": "1000:1000", "home": "/app",
        "environment": {},
    }  # fmt: skip
    return ImageDefinition(**{**stated, **changes})


def small_project(folder: Path) -> Path:
    """A checkout with a package `services`, one file of it executable."""
    (folder / "services").mkdir(parents=True)
    (folder / "services" / "runner.py").write_text('print("runs", {"b", "a"})\n', encoding="utf-8")
    (folder / "services" / "start").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "services" / "start").chmod(0o700)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit all that is there."""
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "--allow-empty", "-m", "A commit"]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)


def written_image(folder: Path, name: str) -> Path:
    """The archive of an image of one layer."""
    folder.mkdir(parents=True, exist_ok=True)
    program = Program(entrypoint=["run"], command=[], environment={}, user="1:1", folder="/", labels={"name": name})
    archive = folder / f"{name}.tar"
    write_archive(oci_image(name, small_base(folder / "base").layers, program), archive, annotations={})
    return archive
