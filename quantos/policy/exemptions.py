"""Exemptions: what is let off a rule, by whom, why and until when. They hold in every pack."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import ClassVar

from pydantic import ConfigDict

EXEMPTION_NEEDED = "exemption-needed"
"""Name of the advice on exemptions that nothing needs any more."""


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """`resource` is a pattern of names or URNs in the stack of `layer`; `expires` is the last day it holds."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    rule: str
    layer: str
    resource: str
    owner: str
    reason: str
    expires: date

    @property
    def in_chart(self) -> bool:
        """Whether it speaks of an object that only a chart holds, by `Kind namespace/name`: no pack sees that."""
        return " " in self.resource

    def concerns(self, subject: "Subject") -> bool:
        """Whether it speaks of this subject."""
        names = (subject.name, subject.urn)
        return self.layer == subject.layer and any(fnmatchcase(name, self.resource) for name in names)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a rule complains of: a resource, or a whole stack by its name."""

    name: str
    urn: str
    layer: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is reported of a subject, and the exemptions without which it would be more, or would have been."""

    messages: tuple[str, ...]
    needed: tuple[Exemption, ...] = ()


def verdict(messages: Sequence[str], subject: Subject, *, exemptions: Sequence[Exemption], today: date) -> Verdict:
    """What a rule's messages come to under the exemptions from it: one that has expired refuses, and says so."""
    concerned = tuple(exemption for exemption in exemptions if exemption.concerns(subject))
    if not messages or not concerned:
        return Verdict(messages=tuple(messages))
    if any(today <= exemption.expires for exemption in concerned):
        return Verdict(messages=(), needed=concerned)
    last = max(concerned, key=lambda exemption: exemption.expires)
    said = f"Its exemption by {last.owner} ({last.reason}) expired on {last.expires}."
    return Verdict(messages=tuple(f"{message} {said}" for message in messages), needed=concerned)


def unneeded(
    exemptions: Sequence[Exemption], *, needed: Collection[Exemption], layer: str, today: date
) -> tuple[str, ...]:
    """What to say of a layer's exemptions that nothing needed, those aside that only the check of charts can tell."""
    idle = [each for each in exemptions if each.layer == layer and not each.in_chart and each not in needed]
    return tuple(
        f"nothing that matches {exemption.resource} breaks {exemption.rule}, from which {exemption.owner} "
        f"exempted it until {exemption.expires}" + (", which is past" if exemption.expires < today else "")
        for exemption in idle
    )
