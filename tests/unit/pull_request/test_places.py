"""Where a reader is sent."""

import pytest

from quantos.errors import SettingsError
from quantos.faults import Fault, Position
from quantos.pull_request.model import SourceLocation
from quantos.pull_request.places import Places
from quantos.pull_request.settings_refusal import mended, settings_refusals, wrong_fields
from tests.support.pull_requests import STACK_URN, urn_of

TEXT = """name: dev
limits:
  max_nodes: 9
pools:
  cpu:
    instance_types: [x]
  cpu-spot:
    instance_types: [y]
"""
FILE = "stacks/environments/dev.yaml"


def make_places(layer: str) -> Places:
    declared = {urn_of("lake"): SourceLocation(path="stacks/foundation.py", line=47)}
    return Places(
        layer=layer, environment_file=FILE, environment_text=TEXT, program=f"stacks/{layer}.py", declared=declared
    )


def test_a_pool_is_found_in_the_environment_file_and_a_stack_at_its_limits() -> None:
    places = make_places("capacity")
    assert places.of(urn_of("cpu-spot")) == SourceLocation(path=FILE, line=7)
    assert places.of(STACK_URN) == SourceLocation(path=FILE, line=2)


def test_a_resource_is_found_where_the_program_declares_it_or_the_program_begins() -> None:
    places = make_places("foundation")
    assert places.of(urn_of("lake")) == SourceLocation(path="stacks/foundation.py", line=47)
    assert places.of(urn_of("unheard-of")) == SourceLocation(path="stacks/foundation.py", line=1)


def test_each_complaint_about_an_environment_file_points_at_its_field() -> None:
    faults = (
        Fault(("pools", "cpu-spot", "instance_types"), "no shape for y", Position(8, 5)),
        Fault(("limits", "max_nodes"), "is wrong", Position(3, 3)),
    )
    error = SettingsError("told", remedy="correct it", faults=faults)
    found = settings_refusals(error, environment="dev")
    assert [refusal.place.line for refusal in found] == [8, 3]
    assert found[0].message == "pools.cpu-spot.instance_types: no shape for y. Correct it."


def test_the_fields_that_an_error_complains_of_are_named_once() -> None:
    faults = [
        Fault(("pools", "cpu", "x"), "a"),
        Fault(("pools", "cpu", "x"), "b"),
        Fault(("name",), "c"),
        Fault((), "d"),
    ]
    error = SettingsError("told", remedy="correct it", faults=faults)
    assert wrong_fields(error) == (("pools", "cpu", "x"), ("name",))


def test_a_wrong_field_is_mended_by_the_base_and_what_the_base_lacks_is_left_out() -> None:
    head = {"name": "dev", "pools": {"cpu": {"types": ["bad"], "nodes": 9}, "new": {"types": ["bad"]}}, "odd": 1}
    base = {"name": "dev", "pools": {"cpu": {"types": ["good"], "nodes": 3}}}
    found = mended(head, base, [("pools", "cpu", "types"), ("pools", "new", "types"), ("odd",)])
    assert found == {"name": "dev", "pools": {"cpu": {"types": ["good"], "nodes": 9}}}
    assert head["odd"] == 1


def test_a_key_with_dots_is_one_field() -> None:
    head = {"labels": {"quantos.io/pool": "cpu", "quantos.io/burst": True}}
    base = {"labels": {"quantos.io/pool": "cpu"}}
    assert mended(head, base, [("labels", "quantos.io/burst")]) == base


def test_a_component_is_found_by_its_name_where_pools_are_declared() -> None:
    pool = make_places("capacity").of_component("cpu")
    assert pool == make_places("capacity").of(urn_of("cpu"))
    assert pool.path == FILE
    assert make_places("foundation").of_component("lake") == SourceLocation(path="stacks/foundation.py", line=1)


@pytest.mark.parametrize("layer", ["capacity", "foundation"])
def test_what_is_said_of_no_resource_has_the_program(layer: str) -> None:
    assert make_places(layer).of("") == SourceLocation(path=f"stacks/{layer}.py", line=1)
