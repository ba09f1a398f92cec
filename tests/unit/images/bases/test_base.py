"""Layers are laid over each other as a container sees them, and nothing is written outside."""

import io
import tarfile
from pathlib import Path

import pytest

from images.bases.base import unpack
from images.errors import ImageError


def layer(path: Path, files: dict[str, str | None]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            if text is None:
                member.type = tarfile.DIRTYPE
                archive.addfile(member)
            elif text.startswith("->"):
                member.type, member.linkname = tarfile.SYMTYPE, text.removeprefix("->")
                archive.addfile(member)
            else:
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
    return path


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_later_layers_replace_remove_and_hide(tmp_path: Path) -> None:
    one = layer(tmp_path / "1.tar", {"a/kept": "1", "a/gone": "1", "b/old": "1", "c": "->a/kept", "d/x": "1"})
    two = layer(tmp_path / "2.tar", {"a/.wh.gone": "", "b/.wh..wh..opq": "", "b/new": "2", "c": "2", "d": "2"})
    unpack([one, two], tmp_path / "root")
    assert files(tmp_path / "root") == {"a/kept": "1", "b/new": "2", "c": "2", "d": "2"}


def test_what_is_everybodys_stays_so_and_nothing_runs_as_another_user(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "1.tar", "w") as archive:
        for name, kind, mode in (("tmp", tarfile.DIRTYPE, 0o1777), ("su", tarfile.REGTYPE, 0o4755)):
            member = tarfile.TarInfo(name)
            member.type, member.mode = kind, mode
            archive.addfile(member)
    unpack([tmp_path / "1.tar"], tmp_path / "root")
    modes = {name: oct((tmp_path / "root" / name).stat().st_mode & 0o7777) for name in ("tmp", "su")}
    assert modes == {"tmp": "0o1777", "su": "0o755"}


def test_a_file_outside_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"the layer 1\.tar cannot be unpacked"):
        unpack([layer(tmp_path / "1.tar", {"../outside": "x"})], tmp_path / "root")
    assert not (tmp_path / "outside").exists()


def test_a_broken_layer_is_told(tmp_path: Path) -> None:
    (tmp_path / "1.tar").write_bytes(b"no tar")
    with pytest.raises(ImageError, match=r"the layer 1\.tar cannot be unpacked"):
        unpack([tmp_path / "1.tar"], tmp_path / "root")
