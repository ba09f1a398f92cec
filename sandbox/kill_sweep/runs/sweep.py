"""The story of runs, told in the account of whichever process tells it."""

import gc
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Final

from sandbox.kill_sweep.moments import Moment
from sandbox.kill_sweep.runs.account import TrialAccount, trial_account
from sandbox.kill_sweep.runs.trial import Trial, tried

_open: Final = ExitStack()


def tell(folder: Path, moments: Sequence[Moment]) -> Trial:
    """Tell it in a new folder; what a good trial leaves is removed. Raises SandboxError."""
    trial = tried(_account(folder.parent), moments, name=folder.name)
    if not trial.problems:
        shutil.rmtree(folder)
    return trial


@cache
def _account(folder: Path) -> TrialAccount:
    """This process's account; what its server says of clients that died goes to a log."""
    log = os.open(folder / f"server-{os.getpid()}.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 2)
    account = _open.enter_context(trial_account(folder))
    gc.freeze()
    return account
