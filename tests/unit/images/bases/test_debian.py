"""A root as mmdebstrap makes it loses what tells of the machine and the moment; nothing else."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from images.bases.debian import debian_tar, normalise
from images.errors import ImageError


def add(archive: tarfile.TarFile, name: str, **fields: object) -> None:
    member = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(member, field, value)
    member.size = 1 if member.isreg() else 0
    archive.addfile(member, io.BytesIO(b"x") if member.isreg() else None)


def test_machine_and_moment_are_left_out(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "raw.tar", "w") as archive:
        add(archive, "./", type=tarfile.DIRTYPE)
        add(archive, "./dev/", type=tarfile.DIRTYPE, mode=0o755)
        add(archive, "./dev/null", type=tarfile.CHRTYPE)
        for name in ("etc/hostname", "etc/resolv.conf", "etc/apt/sources.list", "var/log/dpkg.log", "var/cache/x"):
            add(archive, f"./{name}", mtime=9)
        add(archive, "./usr/bin/perl", mtime=1_700_000_000, uname="ann", uid=7, mode=0o755)
        add(archive, "./usr/bin/perl5", type=tarfile.LNKTYPE, linkname="./usr/bin/perl")
        add(archive, "./bin", type=tarfile.SYMTYPE, linkname="usr/bin")
    normalise(tmp_path / "raw.tar", tmp_path / "root.tar")
    with tarfile.open(tmp_path / "root.tar") as archive:
        kept = {member.name: member for member in archive}
    assert list(kept) == ["dev", "usr/bin/perl", "usr/bin/perl5", "bin"]
    assert (kept["usr/bin/perl"].uid, kept["usr/bin/perl"].uname, kept["usr/bin/perl"].mode) == (7, "", 0o755)
    assert {member.mtime for member in kept.values()} == {315532800}
    assert kept["usr/bin/perl5"].linkname == "usr/bin/perl"
    assert kept["bin"].linkname == "usr/bin"


def test_without_mmdebstrap_the_remedy_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImageError, match="mmdebstrap made no root") as caught:
        debian_tar("bookworm", environ={**os.environ, "XDG_CACHE_HOME": str(tmp_path)})
    assert "--base" in caught.value.remedy
