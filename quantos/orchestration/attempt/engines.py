"""The engines of this machine, as a kind asks for them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from quantos.contracts.dag.outputs import Output
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.execution.local import Program, Ran, Statement


class TableFiles(Protocol):
    """Tables of the lake, as files."""

    def export(self, table: Output, folder: Path) -> None:
        """Write exactly a snapshot as Parquet files into a folder, which is made."""
        ...


@dataclass(frozen=True, kw_only=True)
class MachineEngines:
    """What one attempt may run on."""

    archive: WorkspaceArchive
    tables: TableFiles
    programs: Callable[[Program], Ran]
    ray_jobs: Callable[[Program], Ran]
    statements: Callable[[Statement], Ran]

    def fetch(self, output: Output, place: Path) -> Path:
        """Bring an output here: an object as a file, of a table exactly its snapshot as a folder of Parquet files."""
        if output.type == "object":
            return self.archive.fetch(output, place)
        self.tables.export(output, place)
        return place

    def run_program(self, program: Program) -> Ran:
        """Run a program as a process."""
        return self.programs(program)

    def run_ray_job(self, program: Program) -> Ran:
        """Run a program as a Ray job of its own."""
        return self.ray_jobs(program)

    def run_statement(self, statement: Statement) -> Ran:
        """Run a statement, over the lake."""
        return self.statements(statement)
