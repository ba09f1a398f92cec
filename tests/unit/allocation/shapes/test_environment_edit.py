"""Fields of pools change in the text, and nothing else does."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.allocation.shapes.environment_edit import edited
from quantos.errors import SettingsError
from tests.support.environments import ENVIRONMENTS

TEXT = """\
name: dev  # kept
pools:
  cpu:
    instance_types: [c7i.2xlarge,   c6i.2xlarge]   # the first is the faster
    floor_nodes: 1 # one

    ceiling_nodes: 40
  # spot next
  spot:
    instance_types:
      - c6i.large   # cheap
      - c6a.large

    # more
    floor_nodes: 0
    labels: {floor_nodes: "7"}
"""


def test_a_list_and_numbers_change_in_place() -> None:
    changed = edited(TEXT, {"cpu": {"instance_types": ("c6a.2xlarge",), "ceiling_nodes": 7}})
    assert changed == TEXT.replace("[c7i.2xlarge,   c6i.2xlarge]", "[c6a.2xlarge]").replace(": 40", ": 7")


def test_a_block_list_stays_one() -> None:
    changed = edited(TEXT, {"spot": {"instance_types": ("m7i.large", "m6i.large", "m6a.large"), "floor_nodes": 2}})
    assert "      - m7i.large\n      - m6i.large\n      - m6a.large\n\n    # more\n    floor_nodes: 2\n" in changed
    assert yaml.safe_load(changed)["pools"]["spot"]["instance_types"] == ["m7i.large", "m6i.large", "m6a.large"]


def test_equal_values_leave_every_character() -> None:
    text = (ENVIRONMENTS / "prod.yaml").read_text(encoding="utf-8")
    pools = yaml.safe_load(text)["pools"]
    same = {
        name: {"instance_types": tuple(pool["instance_types"]), "floor_nodes": pool["floor_nodes"]}
        for name, pool in pools.items()
    }
    assert edited(text, same) == text


@settings(max_examples=8, deadline=None)
@given(
    st.sampled_from(("dev", "staging", "prod")),
    st.lists(st.from_regex(r"[a-z][0-9][a-z]{1,4}\.[0-9]{0,2}x?large", fullmatch=True), min_size=1, max_size=4),
    st.integers(0, 500),
)
def test_only_the_named_field_differs_afterwards(name: str, types: list[str], nodes: int) -> None:
    text = (ENVIRONMENTS / f"{name}.yaml").read_text(encoding="utf-8")
    changed = edited(text, {"cpu": {"instance_types": tuple(types), "ceiling_nodes": nodes}})
    document = yaml.safe_load(text)
    document["pools"]["cpu"] |= {"instance_types": types, "ceiling_nodes": nodes}
    assert yaml.safe_load(changed) == document
    assert len(changed.splitlines()) == len(text.splitlines())


@pytest.mark.parametrize("edits", [{"gpu": {"floor_nodes": 1}}, {"cpu": {"disk_gib": 1}}])
def test_what_is_not_there_is_not_invented(edits: dict[str, dict[str, int]]) -> None:
    with pytest.raises(SettingsError, match="no field"):
        edited(TEXT, edits)


def test_a_shared_anchor_is_not_edited_in_place() -> None:
    text = "pools:\n  cpu:\n    instance_types: &types [a, b]\n  spot:\n    instance_types: *types\n"
    with pytest.raises(SettingsError, match="cannot be edited"):
        edited(text, {"cpu": {"instance_types": ("c",)}})
