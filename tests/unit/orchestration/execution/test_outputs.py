"""Nothing is taken from a program but regular files of its workspace that its node declares."""

import hashlib
import json
import os
import string
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.dag.outputs import Outputs
from quantos.errors import OrchestrationError
from quantos.orchestration.execution.outputs import (
    MOST_FAULTS,
    MOST_PUBLISHED_BYTES,
    PUBLISHED,
    document_of,
    object_output,
    read_outputs,
)

PARTS = st.sampled_from(["..", ".", "out", "model.bin", "link", "away", "", "/", "/etc/passwd", "\0", "outside"])


def read(workspace: Path, given_names: object, declared: tuple[str, ...] = ("model_uri",)) -> dict[str, Path]:
    (workspace / "outputs.json").write_text(json.dumps(given_names))
    return read_outputs(workspace, declared)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"weights")
    (tmp_path / "outside").write_bytes(b"of another")
    return folder


def test_files_are_read_by_name(workspace: Path) -> None:
    assert read(workspace, {"model_uri": "model.bin"}) == {"model_uri": workspace / "model.bin"}


def test_an_output_is_its_hash_and_its_size(workspace: Path) -> None:
    output = object_output(workspace / "model.bin", "s3://bucket/files/model_uri")
    assert output.hash == f"sha256:{hashlib.sha256(b'weights').hexdigest()}"
    assert output.size_bytes == 7
    assert Outputs.model_validate_json(document_of({"model_uri": output})).outputs == {"model_uri": output}


def test_a_node_without_outputs_needs_no_document(workspace: Path) -> None:
    assert read_outputs(workspace, ()) == {}


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        pytest.param({}, "model_uri is missing", id="missing"),
        pytest.param({"model_uri": "model.bin", "more": "model.bin"}, "'more' is given, and not declared", id="more"),
        pytest.param({"model_uri": "none.bin"}, "is not there", id="no-file"),
        pytest.param({"model_uri": "../outside"}, "outside of the workspace", id="above"),
        pytest.param({"model_uri": "/etc/hostname"}, "outside of the workspace", id="absolute"),
        pytest.param({"model_uri": "."}, "is no file", id="folder"),
        pytest.param({"model_uri": "a\0b"}, "cannot be read", id="nul"),
        pytest.param({"model_uri": 7}, "a path", id="number"),
        pytest.param(["model.bin"], "a path", id="list"),
    ],
)
def test_whatever_else_is_named_is_refused(workspace: Path, names: object, fault: str) -> None:
    with pytest.raises(OrchestrationError, match=fault):
        read(workspace, names)


def test_all_faults_are_told_at_once(workspace: Path) -> None:
    with pytest.raises(OrchestrationError, match="metrics is missing; model_uri names"):
        read(workspace, {"model_uri": "../outside"}, ("model_uri", "metrics"))


def test_of_many_faults_the_first_are_told_and_how_many_there_are(workspace: Path) -> None:
    with pytest.raises(OrchestrationError) as caught:
        read(workspace, {f"more_{number}": "model.bin" for number in range(9000)}, ())
    assert caught.value.what.count(";") == MOST_FAULTS
    assert caught.value.what.endswith(f"and {9000 - MOST_FAULTS} more faults")


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_too_large_to_be_published_is_refused(workspace: Path, name: str) -> None:
    os.truncate(workspace / "model.bin", MOST_PUBLISHED_BYTES)
    assert read(workspace, {name: "model.bin"}, (name,)) == {name: workspace / "model.bin"}
    os.truncate(workspace / "model.bin", MOST_PUBLISHED_BYTES + 1)
    with pytest.raises(OrchestrationError, match=f"{name} has 536870913 bytes, and is published only up to 536870912"):
        read(workspace, {name: "model.bin"}, (name,))
    assert read(workspace, {"features": "model.bin"}, ("features",)) == {"features": workspace / "model.bin"}


def test_links_out_of_the_workspace_are_refused(workspace: Path) -> None:
    (workspace / "link").symlink_to(workspace.parent / "outside")
    (workspace / "folder").symlink_to(workspace.parent)
    for name in ("link", "folder/outside"):
        with pytest.raises(OrchestrationError, match="outside of the workspace"):
            read(workspace, {"model_uri": name})


def test_a_document_that_is_a_link_out_of_the_workspace_is_refused(workspace: Path) -> None:
    (workspace.parent / "outside").write_text('{"model_uri": "model.bin"}')
    (workspace / "outputs.json").symlink_to(workspace.parent / "outside")
    with pytest.raises(OrchestrationError, match="outside of the workspace"):
        read_outputs(workspace, ("model_uri",))


def test_a_pipe_does_not_keep_the_reader_waiting(workspace: Path) -> None:
    os.mkfifo(workspace / "pipe")
    with pytest.raises(OrchestrationError, match="is no file"):
        read(workspace, {"model_uri": "pipe"})


@given(
    st.dictionaries(
        st.sampled_from(["model_uri", "metrics_json"]) | st.text(string.printable, max_size=5),
        st.lists(PARTS, max_size=5).map("/".join) | st.text(max_size=20) | st.integers(),
        max_size=3,
    )
)
def test_nothing_outside_of_the_workspace_is_ever_read(names: dict[str, object]) -> None:
    with TemporaryDirectory() as above:
        folder = Path(above).resolve() / "work"
        (folder / "out").mkdir(parents=True)
        (folder / "model.bin").touch()
        (folder.parent / "outside").touch()
        (folder / "link").symlink_to("../outside")
        (folder / "away").symlink_to("/etc")
        try:
            files = read(folder, names)
        except OrchestrationError:
            return
        assert all(file.is_relative_to(folder) and file.is_file() and not file.is_symlink() for file in files.values())


@given(st.binary(max_size=60))
def test_any_bytes_as_a_document_are_read_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as above:
        folder = Path(above)
        (folder / "outputs.json").write_bytes(content)
        with pytest.raises(OrchestrationError):
            read_outputs(folder, ("model_uri",))
