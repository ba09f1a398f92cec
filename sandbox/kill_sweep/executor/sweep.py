"""The story of the executor, told in the account of whichever process tells it."""

import ctypes
import gc
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Final

from sandbox.kill_sweep.executor.account import StoryAccount, story_account
from sandbox.kill_sweep.executor.trial import Trial, tried
from sandbox.kill_sweep.moments import Effect, Moment
from sandbox.kill_sweep.seccomp import require_support

RECORDINGS: Final = 2
WORKERS: Final = ("worker ",)
_SUBREAPER: Final = 36
_open: Final = ExitStack()


def tell(folder: Path, moments: Sequence[Moment]) -> Trial:
    """Tell it in a new folder; what a good trial leaves is removed. Raises SandboxError."""
    trial = tried(_account(folder.parent), moments, folder=folder)
    if not trial.problems:
        shutil.rmtree(folder)
    return trial


def kind(effect: Effect) -> str:
    """Of an effect: whether of executors or workers, and its verb."""
    who, _, what = effect.name.partition(": ")
    return f"{who.split()[0]} {what.split()[0]}"


@cache
def _account(folder: Path) -> StoryAccount:
    """This process's account, which what killed executors leave belongs to from then on."""
    require_support()
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    log = os.open(folder / f"server-{os.getpid()}.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 2)
    account = _open.enter_context(story_account(folder))
    gc.freeze()
    return account
