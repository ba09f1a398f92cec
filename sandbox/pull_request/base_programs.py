"""Brings stacks of a base revision up by its own programs, in a process of their own.

Run as a script, by path, with that revision's folder as PYTHONPATH, so that what it imports of the project is the
revision's: `python -P base_programs.py PROJECT_FOLDER STACK...`. Writes one line of JSON on standard output for each
stack, `{"stack", "seconds", "error"}`, and ends at the first that fails. It imports nothing of the head's.
"""

import json
import os
import sys
import time
from datetime import datetime

from pulumi import automation as auto
from pulumi.automation._stack import StackInitMode  # the public classmethods make plain stacks only
from pulumi.automation.errors import CommandError

from stacks.programs import declare  # the base's


class BriefStack(auto.Stack):
    """A stack whose update ends with the update; reading outputs and history back takes three starts of the CLI."""

    ended = False

    def outputs(self) -> auto.OutputMap:
        """Outputs of the last update; nothing at the end of one."""
        return {} if self.ended else super().outputs()

    def info(self, show_secrets: bool = True) -> auto.UpdateSummary | None:  # noqa: FBT001, FBT002  the API's own
        """Summary of the last update; an empty one at the end of one."""
        if not self.ended:
            return super().info(show_secrets)
        now = datetime.now().astimezone()
        return auto.UpdateSummary(
            kind="update", start_time=now, message="", environment={}, config={}, result="succeeded"
        )


def bring_up(project: str, stack: str) -> str:
    """Bring one stack up; returns what went wrong, or nothing."""
    workspace = auto.LocalWorkspace(
        work_dir=project,
        program=lambda: declare(stack),
        env_vars=dict(os.environ),
        secrets_provider=os.environ.get("PULUMI_SECRETS_PROVIDER"),
    )
    handle = BriefStack(stack, workspace, StackInitMode.CREATE_OR_SELECT)
    handle.ended = True
    errors: list[str] = []

    def note(event: auto.events.EngineEvent) -> None:
        diagnostic = event.diagnostic_event
        if diagnostic is not None and diagnostic.severity == "error":
            errors.append(diagnostic.message.strip())

    try:
        handle.up(program=lambda: declare(stack), on_event=note, color="never", show_secrets=False)
    except CommandError as error:
        return errors[0] if errors else str(error).strip()
    return ""


def main(project: str, *stacks: str) -> int:
    """Bring the stacks up in order."""
    for stack in stacks:
        started = time.monotonic()
        try:
            error = bring_up(project, stack)
        except Exception as problem:
            error = f"{type(problem).__name__}: {problem}"
        print(json.dumps({"stack": stack, "seconds": time.monotonic() - started, "error": error}), flush=True)  # noqa: T201
        if error:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
