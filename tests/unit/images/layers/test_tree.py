"""A tar follows from names, modes and contents; not from order, owners, times or masks."""

import os
import tarfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from images.layers.tree import EPOCH, Entry, folder_entries, write_tar

NAMES = st.text("abc", min_size=1, max_size=3)
TREES = st.dictionaries(st.builds("{}/{}".format, NAMES, NAMES), st.binary(max_size=9), min_size=1, max_size=6)


def test_a_folder_gives_the_same_bytes_whoever_has_it_and_whenever_it_was_written(tmp_path: Path) -> None:
    for name, moment, mode in (("one", 1, 0o600), ("two", 2_000_000_000, 0o664)):
        folder = tmp_path / name
        for path in ["z/last", "a/first"] if name == "one" else ["a/first", "z/last"]:
            (folder / path).parent.mkdir(parents=True)
            (folder / path).write_text(path, encoding="utf-8")
            (folder / path).chmod(mode)
            os.utime(folder / path, (moment, moment))
        (folder / "run").write_text("#!/bin/sh", encoding="utf-8")
        (folder / "run").chmod(mode | 0o100)
        (folder / "link").symlink_to("a/first")
        write_tar(tmp_path / f"{name}.tar", folder_entries(folder, at="app"))
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as archive:
        modes = {member.name: oct(member.mode) for member in archive}
        assert all((m.uid, m.gid, m.uname, m.gname, m.mtime) == (0, 0, "", "", EPOCH) for m in archive.getmembers())
    assert modes["app/run"] == "0o755"
    assert modes["app/a/first"] == "0o644"
    assert list(modes) == sorted(modes)


def test_folders_above_are_there_although_nobody_named_them(tmp_path: Path) -> None:
    write_tar(tmp_path / "x.tar", [Entry(path="opt/bin/pulumi", content=b"", executable=True)])
    with tarfile.open(tmp_path / "x.tar") as archive:
        assert [(member.name, member.isdir()) for member in archive] == [
            ("opt", True),
            ("opt/bin", True),
            ("opt/bin/pulumi", False),
        ]


@given(tree=TREES, seed=st.randoms(use_true_random=False))
def test_order_changes_nothing(tmp_path_factory, tree, seed) -> None:
    folder = tmp_path_factory.mktemp("tars")
    entries = [Entry(path=f"top/{path}/file", content=content) for path, content in tree.items()]
    write_tar(folder / "one.tar", entries)
    seed.shuffle(entries)
    write_tar(folder / "two.tar", entries)
    assert (folder / "one.tar").read_bytes() == (folder / "two.tar").read_bytes()
