"""What is submitted: a DAG, how this run of it is meant, and what it is made of."""

import re
from typing import Annotated, Final, Literal

from pydantic import Field

from quantos.contracts.base import canonical_digest
from quantos.contracts.dag.spec import ONLY_NAMED, Closed, DagSpec, Priority

MOST_LABELS: Final = 32
MOST_REFS: Final = 256
LONGEST_KEPT_DAYS: Final = 365
SUBMISSION_ID: Final = re.compile(r"[a-z0-9-]{1,40}")
SubmissionId = Annotated[str, Field(pattern=rf"^{SUBMISSION_ID.pattern}$")]
"""Of one's own choice, and unique in one's team for good."""
Scope = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9/_-]{0,126}$")]
PoolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
RefName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,126}$")]
ContentHash = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Uri = Annotated[str, Field(pattern=r"^[a-z][a-z0-9+.-]{0,30}:[!-~]{1,1000}$")]


class Affinity(Closed):
    """On which pool nodes should run.

    One that is `required` is never left, a retry included: a node waits for it. One that is `preferred` is asked for
    first, and a node's last attempt goes wherever there is room.
    """

    compute_pool: PoolName
    binding: Literal["preferred", "required"] = "preferred"


class RuntimeParams(Closed):
    """How one run is meant.

    Attributes:
        env: the environment that is spoken to; any other refuses it.
        secrets_scope: whose secrets its programs may read; none where it is left out.
        priority: in place of the DAG's.
        ttl_days: for how long workspace, logs and tags of snapshots are kept once it has ended. Audit, ledger and what
            was promoted stay.
        max_cost_usd: what the run may cost; it ends where it would cost more.
    """

    submission_id: SubmissionId
    env: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    labels: Annotated[dict[str, str], Field(max_length=MOST_LABELS)] = {}
    secrets_scope: Scope | None = None
    priority: Priority | None = None
    affinity: Affinity | None = None
    ttl_days: int = Field(default=30, ge=1, le=LONGEST_KEPT_DAYS)
    max_cost_usd: Annotated[float, Field(gt=0, le=1e7, allow_inf_nan=False)] | None = None


class Ref(Closed):
    """Something that the run is made of, as it was: by its hash, or its snapshot in the lake."""

    uri: Uri
    hash: ContentHash | None = None
    snapshot_id: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")] | None = None


class Refs(Closed):
    """What the run is made of, by name."""

    artifacts: Annotated[dict[RefName, Ref], Field(max_length=MOST_REFS), ONLY_NAMED] = {}
    data: Annotated[dict[RefName, Ref], Field(max_length=MOST_REFS), ONLY_NAMED] = {}
    features: Annotated[dict[RefName, Ref], Field(max_length=MOST_REFS), ONLY_NAMED] = {}


class SubmissionRequest(Closed):
    """Everything of a submission."""

    dag: DagSpec
    params: RuntimeParams
    refs: Refs = Refs()

    @property
    def priority(self) -> Priority:
        """The priority that counts."""
        return self.params.priority or self.dag.slo.priority

    def digest(self) -> str:
        """SHA-256 in hex of what is stated, by which the same request is known when it comes again."""
        return canonical_digest(self.model_dump(mode="json", by_alias=True, exclude_unset=True))
