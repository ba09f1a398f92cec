"""What a node gave: one document, `outputs.json`, beside what it is about."""

from typing import Annotated, Literal

from pydantic import Field

from quantos.contracts.base import Contract
from quantos.contracts.dag.submission import ContentHash, Uri
from quantos.contracts.dag.values import OutputName


class Output(Contract):
    """One output.

    Attributes:
        type: `object` is a file by its hash, `table` one of the lake by its snapshot.
        uri: `s3://bucket/key` of an object, `iceberg://namespace/table` of a table.
        size_bytes: of an object; of a table what its snapshot says.
    """

    type: Literal["object", "table"]
    uri: Uri
    hash: ContentHash | None = None
    snapshot_id: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")] | None = None
    size_bytes: int = Field(ge=0)


class Outputs(Contract):
    """All outputs of one attempt, by name."""

    outputs: dict[OutputName, Output]
