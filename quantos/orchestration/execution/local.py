"""What a kind is given to run one attempt on this machine, and what it says of it afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from quantos.contracts.dag.outputs import Output
from quantos.contracts.dag.spec import Node
from quantos.orchestration.execution.classify import ExitFacts

Reality: TypeAlias = Literal["real", "translated", "simulated"]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What ran an attempt, by the engine's own word.

    Attributes:
        engine: such as `ray`.
        version: as the engine says it.
        reality: `real` where it is what runs in a cluster too, `translated` where another engine took its place.
        notes: what else the engine says of the run, such as the id of its job, and what was not as in a cluster.
    """

    engine: str
    version: str
    reality: Reality
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join([f"{self.engine} {self.version} {self.reality}", "; ".join(self.notes)]).strip()


@dataclass(frozen=True, kw_only=True)
class Given:
    """What is really given to an attempt; it is accounted as it asked.

    Attributes:
        cores: whole ones, at least one.
        gpus: simulated: nothing of this machine stands behind them.
        scale: of what was asked for.
    """

    cores: int
    memory_bytes: int
    gpus: int
    time_ms: int
    scale: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How an attempt went.

    Attributes:
        outputs: by name, a file of the workspace, or a table of the lake as it is now.
        io_bytes: of data files of the lake that it read and wrote, beside its inputs.
    """

    facts: ExitFacts
    evidence: Evidence
    outputs: Mapping[str, Path | Output] = field(default_factory=dict)
    io_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program of an image, to be started in a folder.

    Attributes:
        name: the attempt's.
        folder: its workspace, where it starts, and all that it may write.
        variables: all that it is told.
        secrets: the folder of its secrets.
    """

    name: str
    image: str
    folder: Path
    variables: Mapping[str, str]
    secrets: Path
    given: Given


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement of SQL in Trino's dialect, to be run once.

    Attributes:
        name: the attempt's, with which what it commits is stamped.
        uri: where the DAG says that it lies; its text is as it was read at admission.
        parameters: what its `:names` stand for.
        tables: what it takes, by name.
        out: the name of the table that it makes; None where it makes none.
    """

    name: str
    team: str
    submission_id: str
    uri: str
    parameters: Mapping[str, object]
    tables: Mapping[str, Output]
    out: str | None
    given: Given


class Engines(Protocol):
    """What this machine runs attempts on. Each returns when what it was given has ended, or was stopped."""

    def fetch(self, output: Output, place: Path) -> Path:
        """Bring an output here: an object as a file, of a table exactly its snapshot as a folder of Parquet files."""
        ...

    def run_program(self, program: Program) -> Ran:
        """Run a program as a process."""
        ...

    def run_ray_job(self, program: Program) -> Ran:
        """Run a program as a Ray job of its own."""
        ...

    def run_statement(self, statement: Statement) -> Ran:
        """Run a statement, over the lake."""
        ...


@dataclass(frozen=True, kw_only=True)
class LocalAttempt:
    """One attempt of a node, as a kind runs it here.

    Attributes:
        name: `team/submission/run/node/attempt`.
        node: as its DAG states it.
        workspace: a folder of its own, empty at first.
        inputs: what it takes, by name.
        variables: of the platform's and the node's own, for a program.
        secrets: the folder of its secrets.
    """

    name: str
    team: str
    submission_id: str
    node: Node
    workspace: Path
    inputs: Mapping[str, Output]
    variables: Mapping[str, str]
    secrets: Path
    given: Given
    engines: Engines
