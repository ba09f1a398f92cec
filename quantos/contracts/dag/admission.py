"""What was read when a submission was admitted, which its runs read again whatever changed since."""

from typing import Annotated

from pydantic import Field

from quantos.contracts.base import Contract
from quantos.contracts.dag.submission import Uri

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
SnapshotId = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
LakeTable = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,127}\.[a-z][a-z0-9_]{0,127}$")]


class Admission(Contract):
    """Statements and tables as they were.

    Attributes:
        statements: digests of their texts, by the uri at which each was read.
        reads: tables that each statement reads, by the same uri.
        snapshots: ids of the snapshots that are tagged for the submission, by table.
    """

    statements: dict[Uri, Sha256] = {}
    reads: dict[Uri, tuple[LakeTable, ...]] = {}
    snapshots: dict[LakeTable, SnapshotId] = {}
