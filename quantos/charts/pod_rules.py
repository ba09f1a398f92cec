"""The security rules over the pods of rendered charts, as data of the environment lets them off."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from quantos.charts.documents import Complaint, Document, PodRules, called, named
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.policy.config import security_limits
from quantos.policy.exemptions import Subject, verdict
from quantos.policy.security.workloads.pods import LET_OFF, pod_complaints
from quantos.policy.stated_exemptions import exemptions_of

LAYER: Final = "platform"
ADVISED: Final = frozenset({"pod-image-digest", "pod-image-registry", "pod-service-account-token"})
"""What charts of others rarely keep to: images by tag, registries of their makers, tokens of their operators."""


def pod_rules(settings: EnvironmentSettings, *, today: date) -> PodRules:
    """The rules as one function of an object that names its namespace.

    An exemption of the environment file counts where its resource is `Kind namespace/name`.
    """
    limits = security_limits(settings)

    def complaints(manifest: Document) -> Iterator[Complaint]:
        subject = Subject(name=called(manifest), urn="", layer=LAYER)
        weaker = limits.weaker_namespaces.get(named(manifest, "namespace"))
        for rule, said in pod_complaints(manifest, registries=limits.pod_registries):
            if weaker is not None and rule.name in LET_OFF[weaker.level]:
                continue
            judged = verdict(said, subject, exemptions=exemptions_of(settings, rule=rule.name), today=today)
            for message in judged.messages:
                yield Complaint(
                    path=rule.name,
                    what=f"{message}; {rule.remedy}",
                    verdict="advised" if rule.name in ADVISED else "refused",
                )

    return complaints
