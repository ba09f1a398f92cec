"""Revisions of a repository made for the test."""

import os
import subprocess
from pathlib import Path

import pytest

from quantos.errors import RevisionError
from quantos.pull_request.model import Revision
from sandbox.pull_request.revisions import base_of, checked_out, extract, head_of


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(root), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """`main` at one commit, and a branch checked out that has gone on from it."""
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / "file").write_text("base", encoding="utf-8")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "base")
    git(root, "checkout", "-q", "-b", "change")
    (root / "file").write_text("head", encoding="utf-8")
    git(root, "commit", "-q", "-a", "-m", "head")
    return root


def test_the_base_is_where_the_head_left_main(repository: Path) -> None:
    base = base_of(repository, head_of(repository, asked=None), asked=None)
    assert base == Revision(label="merge base with main", commit=git(repository, "rev-parse", "main"))
    assert extract(repository, base.commit, folder=repository.parent / "base").text("file") == "base"


def test_the_working_tree_is_the_head_and_counts_what_is_not_committed(repository: Path) -> None:
    (repository / "new").write_text("", encoding="utf-8")
    (repository / "file").write_text("changed", encoding="utf-8")
    head = head_of(repository, asked=None)
    assert (head.label, head.uncommitted_files) == ("working tree", 2)


def test_a_revision_that_is_not_there_is_refused(repository: Path) -> None:
    with pytest.raises(RevisionError, match="nowhere"):
        base_of(repository, head_of(repository, asked=None), asked="nowhere")


def test_a_head_that_shares_nothing_with_main_needs_a_base(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "apart")
    git(repository, "commit", "-q", "-m", "apart")
    git(repository, "branch", "-q", "-D", "main")
    with pytest.raises(RevisionError, match="shares history"):
        base_of(repository, head_of(repository, asked=None), asked=None)


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RevisionError):
        head_of(tmp_path, asked=None)


def committed(root: Path) -> str:
    git(root, "add", "-A", "-f")
    git(root, "commit", "-q", "-m", "more")
    return git(root, "rev-parse", "HEAD")


def test_a_commit_is_written_as_it_is_whatever_its_attributes_say(repository: Path) -> None:
    texts = {
        ".gitattributes": "hidden.py export-ignore\n*.txt export-subst\n*.sh text eol=crlf\n",
        ".gitignore": "*.pyc\nout/\n",
        "hidden.py": "BAD = 1\n",
        "subst.txt": "$Format:%H$\n",
        "run.sh": "#!/bin/sh\n",
        "__pycache__/a.pyc": "compiled",
        "deep/out/x y.csv": "",
    }
    for name, text in texts.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text, encoding="utf-8")
    (repository / "run.sh").chmod(0o755)
    (repository / "link").symlink_to("deep/out")
    commit = committed(repository)
    tree = extract(repository, commit, folder=repository.parent / "head")
    assert {name: tree.text(name) for name in texts} == texts
    assert set(tree.paths) == {*texts, "file", "link"} == set(checked_out(repository).paths)
    assert (tree.root / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (tree.root / "link").readlink() == Path("deep/out")


def test_of_a_checkout_all_counts_but_what_is_ignored_and_not_tracked(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.pyc\n", encoding="utf-8")
    (repository / "tracked.pyc").write_text("", encoding="utf-8")
    committed(repository)
    (repository / "ignored.pyc").write_text("", encoding="utf-8")
    (repository / "new.py").write_text("", encoding="utf-8")
    (repository / "file").unlink()
    assert checked_out(repository).paths == (".gitignore", "new.py", "tracked.pyc")


@pytest.mark.parametrize(
    ("links", "named"),
    [
        pytest.param({"docs/x": "/etc/passwd"}, "docs/x", id="absolute"),
        pytest.param({"docs/x": "../../outside"}, "docs/x", id="out-of-the-tree"),
        pytest.param({"docs/here": "..", "docs/y": "here/../outside"}, "docs/y", id="out-through-another-link"),
        pytest.param({"a": "b", "b": "a"}, "a", id="in-a-circle"),
    ],
)
def test_a_link_that_leaves_the_project_is_refused_by_name(repository: Path, links: dict[str, str], named: str) -> None:
    (repository / "docs").mkdir()
    for name, leads in links.items():
        (repository / name).symlink_to(leads)
    commit = committed(repository)
    with pytest.raises(RevisionError, match=f"{named} is a link to"):
        extract(repository, commit, folder=repository.parent / "head")
    with pytest.raises(RevisionError, match=f"{named} is a link to"):
        checked_out(repository)


@pytest.mark.parametrize("name", [b"new\nline", b"latin-\xff"])
def test_a_name_that_nobody_can_read_is_refused(repository: Path, name: bytes) -> None:
    (repository / os.fsdecode(name)).write_text("", encoding="utf-8")
    commit = committed(repository)
    with pytest.raises(RevisionError, match="no plain name"):
        extract(repository, commit, folder=repository.parent / "head")


def test_a_commit_whose_files_are_not_all_there_is_refused(repository: Path) -> None:
    content = git(repository, "rev-parse", "HEAD:file")
    (repository / ".git" / "objects" / content[:2] / content[2:]).unlink()
    with pytest.raises(RevisionError, match="file cannot be read"):
        extract(repository, "HEAD", folder=repository.parent / "head")
