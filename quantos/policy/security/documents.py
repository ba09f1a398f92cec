"""IAM policy documents as statements, read from the JSON text that resources carry."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from quantos.errors import SettingsError
from quantos.policy.security.values import Values, at, elements, is_values, texts, values

EFFECTS = ("Allow", "Deny")
ELEMENTS = frozenset({
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
})  # fmt: skip
PRINCIPALS = frozenset({"Principal", "NotPrincipal"})
NAMES = frozenset({"Action", "NotAction", "Resource", "NotResource"})


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a document, as it is written."""

    written: Values

    @property
    def sid(self) -> str:
        """Its name, or a word for having none."""
        return next(iter(texts(self.written, "Sid")), "a statement without a Sid")

    @property
    def allows(self) -> bool:
        """Whether it grants anything."""
        return at(self.written, "Effect") == "Allow"

    @property
    def actions(self) -> tuple[str, ...]:
        """What it names; everything, where it names what is left out."""
        return ("*",) if "NotAction" in self.written else texts(self.written, "Action")

    @property
    def resources(self) -> tuple[str, ...]:
        """What it is about; everything, where it names what is left out."""
        return ("*",) if "NotResource" in self.written else texts(self.written, "Resource")

    @property
    def principals(self) -> Mapping[str, tuple[str, ...]]:
        """Names by kind (`AWS`, `Service`, `Federated`); `*` alone is everybody of kind `AWS`."""
        if "NotPrincipal" in self.written:
            return {"AWS": ("*",)}
        named = at(self.written, "Principal")
        if isinstance(named, str):
            return {"AWS": (named,)}
        return {kind: texts(named, kind) for kind in values(named)} if is_values(named) else {}


def statements(document: object) -> Iterator[Statement]:
    """The statements of a document, given as JSON text or as a mapping.

    Raises SettingsError when it is not a document.
    """
    try:
        read: object = json.loads(document) if isinstance(document, str) else document
    except (ValueError, RecursionError) as exc:
        raise _unreadable(f"is not JSON ({exc})") from exc
    if not is_values(read) or "Statement" not in read:
        raise _unreadable("has no statements")
    written = at(read, "Statement")
    if not is_values(written) and (isinstance(written, str) or not isinstance(written, Sequence)):
        raise _unreadable("has no statements")
    for statement in [written] if is_values(written) else elements(written):
        if not is_values(statement):
            raise _unreadable("has a statement that is none")
        if not all(_is_legible(name, statement[name]) for name in statement):
            raise _unreadable("has names that are no texts")
        if at(statement, "Effect") not in EFFECTS or not ELEMENTS.issuperset(statement):
            raise _unreadable("has a statement with an effect or an element that IAM does not know")
        yield Statement(written=statement)


def _is_legible(element: str, value: object) -> bool:
    """Whether all that it names is read: a list of principals, or a number among them, would read as nobody."""
    if element in PRINCIPALS and is_values(value):
        return all(_are_texts(value[kind]) for kind in value)
    if element in PRINCIPALS:
        return isinstance(value, str)
    return element not in NAMES or _are_texts(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, str) or (0 < len(elements(value)) == len(texts(value)))


def _unreadable(why: str) -> SettingsError:
    return SettingsError(f"a policy document {why}", remedy="write it with the project's own policy_document")
