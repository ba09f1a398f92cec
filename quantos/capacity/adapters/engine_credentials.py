"""What the engine acts with on AWS: credentials of the robot's own role that end with its lease."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from quantos.adapters.aws import AWS
from quantos.clock import Clock
from quantos.errors import EngineError
from quantos.translation import translated

SESSION: Final = "quantos-engine"
SHORTEST_SESSION_SECONDS: Final = 900
LONGEST_SESSION_SECONDS: Final = 3600
"""What STS allows of a role that takes a role."""


AssumeRole = Callable[..., Mapping[str, Mapping[str, str]]]
"""`assume_role` of an STS client."""


@dataclass(frozen=True)
class LeasedCredentials:
    """Takes the role once more, for as long as the lease lasts.

    STS gives no session of less than a quarter of an hour; the session policy denies everything from the moment on.
    """

    assume_role: AssumeRole
    role_arn: str
    clock: Clock

    def __call__(self, until: datetime) -> Mapping[str, str]:
        """Variables for the engine and its plugins. Raises EngineError when STS does not answer or refuses."""
        seconds = math.ceil((until - self.clock()).total_seconds())
        with translated(
            AWS,
            into=EngineError,
            what="credentials that end with the lease could not be had",
            remedy="check that the control layer is up, and that the resize role may assume itself",
        ):
            granted = self.assume_role(
                RoleArn=self.role_arn,
                RoleSessionName=SESSION,
                DurationSeconds=min(max(seconds, SHORTEST_SESSION_SECONDS), LONGEST_SESSION_SECONDS),
                Policy=session_policy(until),
            )["Credentials"]
            return {
                "AWS_ACCESS_KEY_ID": granted["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": granted["SecretAccessKey"],
                "AWS_SESSION_TOKEN": granted["SessionToken"],
            }


def session_policy(until: datetime) -> str:
    """Everything that the role may do, before `until`."""
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"DateLessThan": {"aws:CurrentTime": until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
