"""What the process that checks one environment is asked, and what it says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import TypeAdapter

from quantos.pull_request.model import EnvironmentFinding
from sandbox.pull_request.own_mounts import Sight

Operation: TypeAlias = Literal["base", "preview", "up"]


@dataclass(frozen=True, kw_only=True)
class LayerQuestion:
    """What to do with one layer.

    Args:
        program: path of the file with which its program begins.
        in_base: whether the base has it, so that it is brought up as the base has it first.
        touched: whether the change can touch it; one that is not is only stood on.
        reason: why it is touched or not, in words.
        stands_on: layers below that have to be up for it.
    """

    layer: str
    program: str
    in_base: bool
    touched: bool
    reason: str
    stands_on: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class EnvironmentQuestion:
    """One environment to check, in the sandbox that the process's environment names.

    Args:
        root: the head's files. `base_root`: the base's, empty where the base does not have the environment.
        state_dir: of the sandbox, a throwaway one.
        judges_changed: packs, prices or the sandbox differ, so that even what is declared alike is judged anew.
        packs_changed: packs differ, so that the base's judge beside the head's.
    """

    environment: str
    root: str
    base_root: str
    state_dir: str
    judges_changed: bool
    packs_changed: bool
    layers: tuple[LayerQuestion, ...]

    @property
    def project_dir(self) -> Path:
        """The sandbox's Pulumi project."""
        return Path(self.state_dir, "project")


@dataclass(frozen=True, kw_only=True)
class ConfinedQuestion:
    """A question, and what the process that holds the check of its environment needs.

    Args:
        engine_bin_dir: folder of the Pulumi executables; empty when they are on PATH.
        sight: what of the file system anything of the head's may see and write.
    """

    question: EnvironmentQuestion
    engine_bin_dir: str
    sight: Sight


@dataclass(frozen=True, kw_only=True)
class EnvironmentMessage:
    """One line of a process's standard output: progress, or at the end what was found.

    `seconds` is None while the operation runs. `kept` says what of the caller's the system lets no process give up.
    """

    environment: str
    layer: str = ""
    operation: Operation | None = None
    done: int = 0
    seconds: float | None = None
    kept: tuple[str, ...] = ()
    finding: EnvironmentFinding | None = None


QUESTION = TypeAdapter(EnvironmentQuestion)
CONFINED = TypeAdapter(ConfinedQuestion)
MESSAGE = TypeAdapter(EnvironmentMessage)
