"""Composes what the functions of orchestration share: rows, bus, executor, switch, and the rules of the environment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import boto3

from lambdas import runtime
from quantos.adapters.aws import making_clients
from quantos.adapters.control_clients import CONTROL_CONFIG
from quantos.capacity.adapters.stores import compose_switches
from quantos.capacity.resize.ports import SwitchStore
from quantos.orchestration.adapters.dynamo_rows import DynamoRows
from quantos.orchestration.adapters.rules import environment_rules, most_of_a_day
from quantos.orchestration.adapters.s3_objects import S3Objects, S3Specs
from quantos.orchestration.adapters.topics import TopicExecutor, TopicSender
from quantos.orchestration.evidence.transition import moved
from quantos.orchestration.protocol.rules import Rules
from quantos.orchestration.protocol.running import Surroundings
from quantos.orchestration.protocol.steps import Now
from quantos.orchestration.routing.market import market
from quantos.orchestration.submission.desk import Desk
from quantos.orchestration.witness import RunWitness

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class StackSwitch:
    """The kill switch of a stack, which pauses dispatch too."""

    switches: SwitchStore
    stack: str

    def paused(self) -> bool:
        """Whether it is thrown."""
        return self.switches.read(self.stack).paused
