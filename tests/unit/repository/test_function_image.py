"""The functions' image holds the versions that the lock file and the engine bootstrap name."""

import importlib.metadata
import re
from pathlib import Path

import pytest

from sandbox.engine.version import PINNED_VERSION

DOCKERFILE = (Path(__file__).resolve().parents[3] / "Dockerfile").read_text(encoding="utf-8")


def argument(name: str) -> str:
    found = re.search(rf"^ARG {name}=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert found, f"the Dockerfile has no ARG {name}"
    return found[1]


def test_the_engine_is_the_pinned_one() -> None:
    assert argument("PULUMI_VERSION") == str(PINNED_VERSION)


def test_base_images_are_named_by_a_digest_that_the_builder_states() -> None:
    images = [line.split()[1] for line in DOCKERFILE.splitlines() if line.startswith("FROM ")]
    assert len(images) == 3
    for image in images:
        (name,) = re.findall(r"@\$\{(\w+_DIGEST)\}$", image)
        assert re.search(rf"^ARG {name}$", DOCKERFILE, re.MULTILINE), f"{name} has a default"


def test_the_note_on_engine_and_sdk_says_which_they_are() -> None:
    note = " ".join(line.strip("# ") for line in DOCKERFILE.splitlines() if line.startswith("#"))
    sdk = importlib.metadata.version("pulumi").rpartition(".")[0]
    assert f"Engine {PINNED_VERSION} beside the SDK's {sdk}" in note
    assert PINNED_VERSION.major == int(sdk.partition(".")[0])


def test_the_provider_plugin_is_that_of_the_sdk() -> None:
    assert argument("AWS_PLUGIN_VERSION") == importlib.metadata.version("pulumi-aws")


@pytest.mark.parametrize("room", ["quantos", "lambdas", "components", "stacks", "policy_packs"])
def test_every_room_a_function_imports_is_in_the_image(room: str) -> None:
    assert re.search(rf"^COPY {room}/ ", DOCKERFILE, re.MULTILINE)
    assert f"!{room}\n" in (Path(__file__).resolve().parents[3] / ".dockerignore").read_text(encoding="utf-8")
