"""Removes what runs left in an environment, and nothing that another run or anybody else may still want."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quantos.contracts.dag.admission import Admission
from quantos.lake.ports import Lake
from quantos.orchestration.adapters.s3_objects import S3Objects
from quantos.orchestration.execution.sql.results import result_table
from quantos.orchestration.protocol.rows import AttemptKey, RunKey, Submission
from quantos.orchestration.submission.pins import AdmissionStore, release
from quantos.orchestration.submission.ports import SpecStore
from quantos.orchestration.submission.statements import KIND


@dataclass(frozen=True, kw_only=True)
class RunCleaner:
    """A Cleaner. Key: the run, in whose name everything lies that is removed.

    Attributes:
        results: namespace of the lake, in which the results of statements lie.
        lake: opens it, which takes seconds: only runs that asked it of something need it.
    """

    objects: S3Objects
    specs: SpecStore
    admissions: AdmissionStore
    results: str
    lake: Callable[[], Lake]

    def clear(self, submission: Submission, attempts: Sequence[AttemptKey]) -> bool:
        """Remove some objects of the workspace, and once there are no more all tables and tags.

        Raises:
            OrchestrationError: the bucket cannot be asked.
            LakeError: the lake cannot be.
        """
        run = submission.run
        if not self.objects.remove_folder(f"workspaces/{run}"):
            return False
        admission = self.admissions.find(run.team, submission.digest)
        if admission is not None:
            self._leave_lake(run, admission, self._of_statements(submission, attempts) if admission.statements else ())
        return True

    def _of_statements(self, submission: Submission, attempts: Sequence[AttemptKey]) -> Sequence[AttemptKey]:
        dag = self.specs.get(submission.run.team, submission.digest).dag
        statements = {node.id for node in dag.nodes if node.kind == KIND}
        return [attempt for attempt in attempts if attempt.node in statements]

    def _leave_lake(self, run: RunKey, admission: Admission, attempts: Sequence[AttemptKey]) -> None:
        for attempt in attempts:
            self.lake().drop(result_table(self.results, str(attempt)))
        if admission.snapshots:
            release(run, admission, self.lake())
