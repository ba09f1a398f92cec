"""Changes fields of pools in the text of an environment file and leaves every other character where it is."""

from collections.abc import Iterator, Mapping

import yaml

from quantos.errors import SettingsError

FieldValue = int | tuple[str, ...]
PoolEdits = Mapping[str, Mapping[str, FieldValue]]
"""By pool, then by field: its new value."""


def edited(text: str, edits: PoolEdits) -> str:
    """The text with the fields changed; comments, order and layout stay.

    Raises:
        SettingsError: a pool or a field is not there, or its value is neither a list nor a scalar of its own.
    """
    spans = sorted(_replacements(text, edits), reverse=True)
    changed = text
    for start, end, replacement in spans:
        changed = changed[:start] + replacement + changed[end:]
    if _loaded(changed) != _expected(text, edits):
        raise SettingsError(
            "the environment file is laid out in a way that cannot be edited in place",
            remedy="change the fields by hand, as the proposal names them",
        )
    return changed


def _replacements(text: str, edits: PoolEdits) -> Iterator[tuple[int, int, str]]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for pool, fields in edits.items():
        for field, value in fields.items():
            node = _child(_child(_child(root, "pools"), pool), field)
            yield node.start_mark.index, _end(node), _written(value, node)


def _child(node: yaml.Node | None, key: str) -> yaml.Node:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                return value
    raise SettingsError(
        f"the environment file has no field {key} where one is to be changed", remedy="declare the pool in full"
    )


def _end(node: yaml.Node) -> int:
    """Where the node's own text ends; a block list's mark lies behind the white space that follows it."""
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _end(node.value[-1])
    return node.end_mark.index


def _written(value: FieldValue, node: yaml.Node) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return f"\n{' ' * node.start_mark.column}".join(f"- {item}" for item in value)
    return f"[{', '.join(value)}]"


def _loaded(text: str) -> object:
    """The document of an edited text; None where the edit left no YAML, as where an alias refers to the old value."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _expected(text: str, edits: PoolEdits) -> object:
    document = yaml.safe_load(text)
    for pool, fields in edits.items():
        for field, value in fields.items():
            document["pools"][pool][field] = value if isinstance(value, int) else list(value)
    return document
