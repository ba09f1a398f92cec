"""`python -m sandbox.kill_sweep.runs`: every point, or some; exit code 0 when every one was hit and none failed."""

import sys
from functools import partial

from sandbox.kill_sweep.runs.sweep import tell
from sandbox.kill_sweep.stories.command import command
from sandbox.kill_sweep.stories.sweep import StorySweep

if __name__ == "__main__":
    sys.exit(command("runs", partial(StorySweep, tell)))
