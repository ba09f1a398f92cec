"""URNs as the engine writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.urn import Urn

GROUP = "urn:pulumi:dev-capacity::quantos::quantos:aws/compute:NodePool$aws:eks/nodeGroup:NodeGroup::cpu"
word = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters="-_/."), min_size=1)


def test_a_urn_says_stack_project_type_and_name() -> None:
    assert Urn.parse(GROUP) == Urn(
        stack="dev-capacity",
        project="quantos",
        qualified_type="quantos:aws/compute:NodePool$aws:eks/nodeGroup:NodeGroup",
        name="cpu",
    )


def test_the_type_is_the_resource_s_own() -> None:
    assert Urn.parse(GROUP).type == "aws:eks/nodeGroup:NodeGroup"
    assert Urn.parse("urn:pulumi:s::p::pulumi:pulumi:Stack::p-s").type == "pulumi:pulumi:Stack"


@given(stack=word, project=word, types=st.lists(word, min_size=1, max_size=4), name=st.lists(word, min_size=1))
def test_only_a_name_may_hold_the_separator(stack: str, project: str, types: list[str], name: list[str]) -> None:
    urn = Urn.parse(f"urn:pulumi:{stack}::{project}::{'$'.join(types)}::{'::'.join(name)}")
    assert (urn.stack, urn.project, urn.type, urn.name) == (stack, project, types[-1], "::".join(name))


@pytest.mark.parametrize("text", ["", "cpu", "urn:pulumi:s::p::t", "arn:aws:s3:::lake", "pulumi:s::p::t::n"])
def test_what_is_no_urn_is_refused(text: str) -> None:
    assert not Urn.is_urn(text)
    with pytest.raises(ValueError, match="not the URN"):
        Urn.parse(text)
