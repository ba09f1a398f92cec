"""`python -m sandbox.kill_sweep.executor`: every point, or some; exit code 0 when each was hit and none failed."""

import sys
from functools import partial

from sandbox.kill_sweep.executor.sweep import RECORDINGS, WORKERS, kind, tell
from sandbox.kill_sweep.stories.command import command
from sandbox.kill_sweep.stories.sweep import StorySweep

if __name__ == "__main__":
    sweep = partial(StorySweep, tell, recordings=RECORDINGS, once=WORKERS)
    sys.exit(command("executor", sweep, kind=kind))
