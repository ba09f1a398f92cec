"""Holds the check of one environment: a sandbox, and in it the head's own check, confined and watched.

Run as `python -m sandbox.pull_request.environment_process` with PYTHONPATH set to whose tool it is, not the head's. It
gives up network and credentials first, then starts the sandbox, so that moto is on the one loopback interface that
there is. Whatever it started is gone when it ends.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from sandbox.pull_request.confinement import Bounds, adopt_orphans, bound, give_up
from sandbox.pull_request.protocol import CONFINED, MESSAGE, QUESTION, ConfinedQuestion, EnvironmentMessage
from sandbox.pull_request.supervision import end_all_below, waited

BOUNDS: Final = Bounds()


def main() -> int:
    """Answer the question on standard input; 1 where the check took too much, which is the last line told."""
    asked = CONFINED.validate_json(sys.stdin.buffer.read())
    kept = give_up(asked.sight)
    message = EnvironmentMessage(environment=asked.question.environment, kept=kept)
    sys.stdout.buffer.write(MESSAGE.dump_json(message) + b"\n")
    sys.stdout.buffer.flush()
    adopt_orphans()
    bound(BOUNDS)
    try:
        why = _checked(asked)
    finally:
        end_all_below()
    if why:
        sys.stderr.write(f"the check was ended: {why}\n")
    return int(bool(why))


def _checked(asked: ConfinedQuestion) -> str:
    """Have the head check itself in a sandbox; why it was ended, if it was."""
    from sandbox import lifecycle  # noqa: PLC0415  after this process, which has one thread still, has given things up

    state_dir, head = Path(asked.question.state_dir), Path(asked.question.root)
    engine = Path(asked.engine_bin_dir) if asked.engine_bin_dir else None
    try:
        sandbox = lifecycle.start(state_dir, project_root=head, engine_bin_dir=engine)
        environment = {**os.environ, **sandbox.environ(), "PYTHONPATH": str(head)}
        environment |= {lifecycle.STATE_VARIABLE: str(state_dir), **lifecycle.ONE_CHECKPOINT}
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "sandbox.pull_request.environment_check"],
            stdin=subprocess.PIPE,
            cwd=head,
            env=environment,
        ) as process:
            if process.stdin is not None:
                process.stdin.write(QUESTION.dump_json(asked.question))
                process.stdin.close()
            why = waited(process, bounds=BOUNDS)
            if why:
                end_all_below()
            return why
    finally:
        lifecycle.stop(state_dir)


if __name__ == "__main__":
    sys.exit(main())
