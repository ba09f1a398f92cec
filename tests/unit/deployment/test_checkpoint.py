"""A checkpoint is read as the engine wrote it, or refused; what is left of a broken one is still made out."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.deployment.checkpoint import legible_resources, missing_from, read_checkpoint
from quantos.errors import StateUnreadableError
from tests.support.checkpoints import SAVED_AT, STACK, checkpoint, new_stack

KEYS = ("version", "checkpoint", "stack", "latest", "manifest", "resources", "pending_operations", "time", "urn")
LEAVES = st.none() | st.booleans() | st.integers() | st.text()
WHOLE = checkpoint("cpu", "memory", begun=("gpu",))


def test_a_checkpoint_tells_what_it_knows_and_what_was_being_made() -> None:
    found = read_checkpoint(WHOLE, stack=STACK)
    assert found.saved_at == SAVED_AT
    assert [(each.name, each.id) for each in found.resources] == [
        (f"quantos-{STACK}", ""), ("cpu", "quantos-dev:cpu"), ("memory", "quantos-dev:memory"),
    ]  # fmt: skip
    assert [each.name for each in found.begun] == ["gpu"]


def test_a_stack_that_was_never_updated_knows_nothing() -> None:
    assert read_checkpoint(new_stack(), stack=STACK).saved_at is None


def test_a_compressed_checkpoint_is_the_same() -> None:
    assert read_checkpoint(gzip.compress(WHOLE), stack=STACK) == read_checkpoint(WHOLE, stack=STACK)


@given(st.integers(0, len(WHOLE) - 1))
def test_no_part_of_a_checkpoint_passes_for_one(end: int) -> None:
    with pytest.raises(StateUnreadableError, match=f"quantos state restore {STACK}|cannot be loaded") as raised:
        read_checkpoint(WHOLE[:end], stack=STACK)
    assert f"quantos state restore {STACK}" in raised.value.remedy


@given(st.integers(0, len(WHOLE) - 1))
def test_what_is_left_of_a_checkpoint_names_only_what_was_in_it(end: int) -> None:
    whole = legible_resources(WHOLE)
    left = legible_resources(WHOLE[:end])
    assert [each.urn for each in left] == [each.urn for each in whole][: len(left)]
    assert all(each.id in {"", f"quantos-dev:{each.name}"} for each in left)


@given(st.binary(max_size=200) | st.sampled_from([b"{}", b"null", b"[]", b'{"version":3}', b'{"version":9}']))
def test_bytes_that_are_no_checkpoint_are_refused_and_never_a_traceback(content: bytes) -> None:
    with pytest.raises(StateUnreadableError):
        read_checkpoint(content, stack=STACK)
    legible_resources(content)


@given(st.recursive(LEAVES, lambda part: st.lists(part) | st.dictionaries(st.sampled_from(KEYS), part)))
def test_a_document_of_another_shape_is_refused_or_read(document: object) -> None:
    for content in (document, {"version": 3, "checkpoint": {"stack": "s", "latest": document}}):
        try:
            read_checkpoint(json.dumps(content).encode(), stack=STACK)
        except StateUnreadableError:
            continue


def test_only_what_stands_in_the_cloud_is_missing() -> None:
    restored = read_checkpoint(checkpoint("cpu"), stack=STACK).resources
    missing = missing_from(restored, legible_resources(checkpoint("cpu", "memory")))
    assert [each.id for each in missing] == ["quantos-dev:memory"]
