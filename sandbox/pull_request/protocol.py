"""What the process that checks one environment is asked, and what it says."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import TypeAdapter

from quantos.pull_request.model import EnvironmentFinding

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
        state_dir: of the sandbox, a throwaway one; `project_dir` is its Pulumi project.
        judges_changed: packs, prices or the sandbox differ, so that even what is declared alike is judged anew.
    """

    environment: str
    root: str
    base_root: str
    state_dir: str
    project_dir: str
    judges_changed: bool
    layers: tuple[LayerQuestion, ...]


@dataclass(frozen=True, kw_only=True)
class EnvironmentMessage:
    """One line of a process's standard output: progress, or at the end what was found.

    `seconds` is None while the operation runs.
    """

    environment: str
    layer: str = ""
    operation: Operation | None = None
    done: int = 0
    seconds: float | None = None
    finding: EnvironmentFinding | None = None


QUESTION = TypeAdapter(EnvironmentQuestion)
MESSAGE = TypeAdapter(EnvironmentMessage)
