"""Every row of the AWS stand-in through its life, by the real engine: one program, one stack, five operations."""

import pytest
from pulumi import automation

from sandbox.providers.aws.rows import all_rows
from tests.engine.sandbox_program import Turn, everything

pytestmark = pytest.mark.engine


def types_in(stack: automation.Stack) -> set[str]:
    resources = stack.export_stack().deployment["resources"]
    return {resource["type"] for resource in resources if resource["type"].startswith("aws:")}


def test_every_row_is_created_read_changed_and_deleted(stack) -> None:
    turn = Turn()
    made = stack(lambda: everything(turn))
    created = made.up().summary.resource_changes["create"]
    assert {row.resource for row in all_rows()} <= types_in(made), "a row without a resource in the program"
    assert made.preview(refresh=True).change_summary == {"same": created}, "what AWS answers is not what was asked"
    turn.number = 1
    changed = made.up().summary.resource_changes
    assert set(changed) == {"same", "update"}, "a change in place replaced something"
    assert changed["update"] >= 40
    assert made.preview(refresh=True).change_summary == {"same": created}, "a change did not arrive"
    assert made.destroy().summary.resource_changes == {"delete": created}
