"""The security rules over the pods of rendered charts, as data of the environment lets them off."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from quantos.charts.documents import Complaint, Document, PodRules, called, named
from quantos.charts.links.broken import BrokenLink
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.policy.config import security_limits
from quantos.policy.exemptions import Subject, verdict
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.workloads.pods import LET_OFF, POD_RULES, PodRule, pod_complaints
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
        for rule, said in _broken(manifest, limits):
            exemptions = exemptions_of(settings, rule=rule.name)
            for message in verdict(said, _subject(manifest), exemptions=exemptions, today=today).messages:
                yield Complaint(
                    path=rule.name,
                    what=f"{message}; {rule.remedy}",
                    verdict="advised" if rule.name in ADVISED else "refused",
                )

    return complaints


def idle_exemptions(settings: EnvironmentSettings, manifests: Iterable[Document]) -> Iterator[BrokenLink]:
    """Exemptions of objects of charts that none of all `manifests` of charts needs."""
    limits = security_limits(settings)
    broken = [(rule.name, _subject(each)) for each in manifests for rule, _ in _broken(each, limits)]
    for rule in POD_RULES:
        for each in exemptions_of(settings, rule=rule.name):
            if each.in_chart and not any(rule.name == name and each.concerns(subject) for name, subject in broken):
                yield BrokenLink(
                    kind="exception",
                    subject=f"{rule.name} {each.resource}",
                    about=LAYER,
                    what=f"no pod of a chart needs this exemption, which {each.owner} has until {each.expires}",
                    remedy="take it out of the environment file",
                )


def _subject(manifest: Document) -> Subject:
    return Subject(name=called(manifest), urn="", layer=LAYER)


def _broken(manifest: Document, limits: SecurityLimits) -> Iterator[tuple[PodRule, tuple[str, ...]]]:
    """The rules that an object's pods break, but for those of which their namespace's level lets them off."""
    weaker = limits.weaker_namespaces.get(named(manifest, "namespace"))
    for rule, said in pod_complaints(manifest, registries=limits.pod_registries):
        if weaker is None or rule.name not in LET_OFF[weaker.level]:
            yield rule, said
