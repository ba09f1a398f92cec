"""HTML and SVG as typed values; plain strings are escaped, so that no text of a run becomes markup."""

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic import JsonValue

_CHILDLESS: Final = {"meta", "br", "line", "rect", "path", "circle", "input"}


@dataclass(frozen=True)
class Markup:
    """Text that is markup already."""

    text: str


Node: TypeAlias = Markup | str
Attribute: TypeAlias = str | float | bool | None


def element(name: str, /, *children: Node, **attributes: Attribute) -> Markup:
    """One element. A trailing underscore of an attribute's name is dropped, others become dashes.

    An attribute that is None or False is left out, one that is True has no value; numbers keep two decimals.
    """
    head = name + "".join(_attribute(key, value) for key, value in attributes.items())
    if not children and name in _CHILDLESS:
        return Markup(f"<{head}/>")
    return Markup(f"<{head}>{joined(children).text}</{name}>")


def joined(nodes: Iterable[Node]) -> Markup:
    """Nodes one after the other."""
    return Markup("".join(node.text if isinstance(node, Markup) else html.escape(node) for node in nodes))


def when(condition: object, *nodes: Node) -> Markup:
    """The nodes, or nothing."""
    return joined(nodes) if condition else Markup("")


def embedded_json(element_id: str, value: JsonValue) -> Markup:
    """Data for the page's script, safe within a script element whatever the strings hold."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return Markup(f'<script type="application/json" id="{html.escape(element_id)}">{text}</script>')


def number(value: float) -> str:
    """A coordinate: two decimals at most, no trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f' {name}=""'
    text = value if isinstance(value, str) else number(value)
    return f' {name}="{html.escape(text)}"'
