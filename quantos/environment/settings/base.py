"""What every section of an environment file shares: frozen, closed, and without numbers that are none."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Layer = Literal["foundation", "capacity", "platform", "control"]
Region = Literal[
    "us-east-1", "us-east-2", "us-west-2", "ca-central-1", "eu-west-1", "eu-west-2", "eu-central-1", "eu-central-2",
    "ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "ap-east-1",
]  # fmt: skip


class Settings(BaseModel):
    """A section: a field that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
