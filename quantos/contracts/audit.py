"""What is written into the audit chain, and beside it."""

from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue

from quantos.contracts.base import Contract, Moment

AuditKind = Literal[
    "plan",
    "outcome",
    "switch",
    "mode",
    "strategy",
    "demotion",
    "source",
    "lock",
    "state",
    "succession",
    "submission",
    "quota",
    "publication",
]
"""`submission` is a run after a commit with every account that it wrote, `quota` accounts that were written alone."""
MAX_KEY_BYTES: Final = 1024
"""What becomes part of a key may have so many bytes of UTF-8: an S3 key takes 1,024, a DynamoDB partition key 2,048."""
CHAIN_PATTERN: Final = r"^[a-z][a-z0-9-]{0,39}$"
GENERATION_PATTERN: Final = r"^[a-z][a-z0-9-]{0,39}(\.[1-9][0-9]{0,5})?$"
"""A chain, or one of its successors: `dev`, then `dev.2`."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AuditRecord(Contract):
    """One fact worth proving later. Key: `record_id`; a second delivery of the same id adds nothing.

    `chain` is the environment's, whichever of its generations takes the record.
    """

    record_id: str = Field(min_length=1, max_length=200)
    chain: str = Field(pattern=CHAIN_PATTERN)
    kind: AuditKind
    subject: str = Field(max_length=400)
    actor: str
    occurred_at: Moment
    body: dict[str, JsonValue]

    @property
    def too_long(self) -> str | None:
        """Which part would make a key longer than the stores take, and why; held where records are taken in."""
        for name, text in (("record_id", self.record_id), ("subject", self.subject)):
            if (size := len(text.encode())) > MAX_KEY_BYTES:
                return f"{name} has {size} bytes, and a key takes {MAX_KEY_BYTES}"
        return None


class ChainLink(Contract):
    """An audit record in its place: `digest` covers the record, `chain`, `sequence` and the previous digest.

    `chain` is the generation that holds it.
    """

    chain: str
    sequence: int = Field(ge=1)
    previous_digest: str
    record: AuditRecord
    digest: str


class Succession(Contract):
    """The body of a record of kind `succession`: why a chain ends, and where the next one takes over.

    It is the first link of the successor `opens` and, where the place was free, the link behind the last good one of
    `closes`. `fault` is empty where nothing was wrong at the end itself; `strays` are objects that were named.
    """

    closes: str = Field(pattern=GENERATION_PATTERN)
    opens: str = Field(pattern=GENERATION_PATTERN)
    last_sequence: int = Field(ge=0)
    last_digest: Sha256
    fault: str = ""
    strays: tuple[str, ...] = ()
    reason: str = Field(min_length=1)


class Anchor(Contract):
    """The end of a chain as it stood at an hour. Key: (environment's chain, hour)."""

    chain: str = Field(pattern=GENERATION_PATTERN)
    sequence: int = Field(ge=1)
    digest: Sha256
    hour: Moment

    @property
    def text(self) -> str:
        """How a person keeps it, and gives it to `quantos audit verify --anchor`."""
        return f"{self.chain}/{self.sequence}:{self.digest}"
