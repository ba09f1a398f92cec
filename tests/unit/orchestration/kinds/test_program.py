"""What every kind that runs an image's program asks for."""

import pytest

from quantos.contracts.dag.spec import Node
from quantos.orchestration.kinds import python_task, ray_job
from quantos.orchestration.kinds.kind import Kind


@pytest.mark.parametrize("kind", [python_task.KIND, ray_job.KIND], ids=lambda kind: kind.name)
def test_a_program_is_in_an_image_and_its_params_are_its_own(kind: Kind) -> None:
    fields = {"id": "a", "kind": kind.name, "params": {"anything": [{"deep": None}]}}
    with_image = Node.model_validate({**fields, "image": "a:1"})
    without = Node.model_validate(fields)
    assert [fault for check in kind.checks for fault in check(with_image)] == []
    ((path, message),) = (fault for check in kind.checks for fault in check(without))
    assert path == ("image",)
    assert message.startswith(f"is missing: a {kind.name} runs a program of an image")
