"""What is known of runs, as whoever watches a cluster asks for it: of the ledger's own rows, which it only reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from quantos.orchestration.protocol.ports import RowStore
from quantos.orchestration.protocol.rows import AttemptKey, Node, RunKey, Submission, node_key, submission_key


@dataclass(frozen=True)
class RowLedger:
    """A Ledger over rows. Each call raises OrchestrationError where they cannot be asked."""

    rows: RowStore

    def submission(self, run: RunKey) -> Submission | None:
        """The run as it stands."""
        (row,) = self.rows.load([submission_key(run)])
        return row if isinstance(row, Submission) else None

    def nodes(self, run: RunKey, digest: str) -> Sequence[Node]:
        """All nodes of a run."""
        return self.rows.load_nodes(run, digest)

    def node(self, attempt: AttemptKey, digest: str) -> Node | None:
        """A node as it stands."""
        (row,) = self.rows.load([node_key(attempt.run, digest, node=attempt.node)])
        return row if isinstance(row, Node) else None
