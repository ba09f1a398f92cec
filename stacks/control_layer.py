"""What the parts of the control layer share."""

from dataclasses import dataclass

import pulumi

from components.aws.alarms.alarm_topic import AlarmTopic
from quantos.environment.settings.environment import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class ControlLayer:
    """The environment, the layer below, and where alarms are told."""

    settings: EnvironmentSettings
    foundation: pulumi.StackReference
    alarms: AlarmTopic

    def output(self, name: str) -> pulumi.Output[str]:
        """An output of the foundation layer."""
        return self.foundation.require_output(name)
