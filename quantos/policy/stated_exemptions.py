"""The exemptions that an environment file states; apart, so that packs start without reading that file's types."""

from quantos.environment.settings.environment import EnvironmentSettings
from quantos.policy.exemptions import Exemption


def exemptions_of(settings: EnvironmentSettings, *, rule: str) -> tuple[Exemption, ...]:
    """The exemptions from one rule, expired ones included."""
    return tuple(Exemption(**exemption.model_dump()) for exemption in settings.exemptions if exemption.rule == rule)
