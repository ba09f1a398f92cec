"""`quantos plan`, `resize`, `explain`, `replay`, `pause` and `resume`: the control loop in a person's hands."""

from typing import Annotated

import typer

from cli.commands.arguments import EnvironmentName, PlanId, SearchedEnvironment


def plan(environment: EnvironmentName) -> None:
    """Say what would be done now, and why. Nothing is written anywhere."""
    from cli.decisions import plan as work

    work.plan(environment)


def resize(environment: EnvironmentName) -> None:
    """Decide now and apply the plan, as the robot would. Exit code 1 when it is refused or cannot be applied."""
    from cli.decisions import resize as work

    work.resize(environment)


def explain(
    plan_id: PlanId,
    *,
    env: SearchedEnvironment = None,
    as_json: Annotated[bool, typer.Option("--json", help="The plan and its outcome as one JSON document.")] = False,
) -> None:
    """Explain a plan, and what became of it: what set it, how sure it is, what others would have cost and risked."""
    from cli.decisions import explain as work

    work.explain(plan_id, env, as_json=as_json)


def replay(plan_id: PlanId, *, env: SearchedEnvironment = None) -> None:
    """Make a plan again from what was recorded of it, stage by stage. Exit code 1 where it does not come out again."""
    from cli.decisions import plan as work

    work.replay(plan_id, env)


def pause(environment: EnvironmentName, reason: Annotated[str, typer.Option(help="Why; shown on every plan.")]) -> None:
    """Throw the kill switch: from the next event on nothing is resized, until `quantos resume`."""
    from cli.decisions import kill_switch as work

    work.pause(environment, reason)


def resume(environment: EnvironmentName) -> None:
    """Release the kill switch."""
    from cli.decisions import kill_switch as work

    work.resume(environment)
