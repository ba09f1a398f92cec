"""Values that a DAG states as text: durations, quantities of Kubernetes, images, names."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from quantos.units import DAY_SECONDS, HOUR_SECONDS

LONGEST_RUN_SECONDS: Final = 14 * DAY_SECONDS
MOST_CORES: Final = 4096.0
MOST_MEMORY_BYTES: Final = 64 * 2.0**40
_DURATION: Final = re.compile(r"(?:(\d{1,7})d)?(?:(\d{1,7})h)?(?:(\d{1,7})m)?(?:(\d{1,7})s)?", re.ASCII)
_DURATION_UNITS: Final = (DAY_SECONDS, HOUR_SECONDS, 60, 1)
_QUANTITY: Final = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)([a-zA-Z]{0,2})", re.ASCII)
_CORES: Final[Mapping[str, float]] = MappingProxyType({"": 1.0, "m": 1e-3})
_BYTES: Final[Mapping[str, float]] = MappingProxyType(
    {
        "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
    }
)  # fmt: skip
_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REGISTRY: Final = rf"(?:localhost|{_LABEL}(?:\.{_LABEL})+|{_LABEL}(?=:))(?::\d{{1,5}})?"
"""A first part without a dot or a port is no host but a part of the path, in small letters."""
_PATH: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE: Final = re.compile(
    rf"(?:{_REGISTRY}/)?{_PATH}(?:/{_PATH})*(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>sha256:[0-9a-f]{{64}}))?",
    re.ASCII,
)
_MOST_IMAGE: Final = 512


def duration_seconds(text: str) -> int:
    """Seconds of a duration such as `2h`, `1h30m` or `45s`.

    Raises:
        ValueError: the text is no duration.
    """
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError("must be a duration such as 45s, 90m, 2h or 1h30m")
    return sum(int(number) * unit for number, unit in zip(match.groups(), _DURATION_UNITS, strict=True) if number)


def cores(text: str) -> float:
    """Cores of a quantity such as `4`, `0.5` or `500m`. Raises ValueError where the text is none."""
    return _amount(text, _CORES, 'must be cores such as "4", "0.5" or "500m"')


def memory_bytes(text: str) -> float:
    """Bytes of a quantity such as `16Gi` or `512Mi`. Raises ValueError where the text is none."""
    return _amount(text, _BYTES, "must be memory such as 512Mi or 16Gi")


def _amount(text: str, units: Mapping[str, float], allowed: str) -> float:
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] not in units:
        raise ValueError(allowed)
    return float(match[1]) * units[match[2]]


def _run_duration(text: str) -> str:
    seconds = duration_seconds(text)
    if not 1 <= seconds <= LONGEST_RUN_SECONDS:
        raise ValueError("must last from 1s to 14d")
    return text


def _number_as_text(value: object) -> object:
    """A number of cores as Kubernetes takes it too, as the text that it is."""
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return f"{value:.9f}".rstrip("0").rstrip(".")
    return value


def _cores(text: str) -> str:
    if not 0.001 <= cores(text) <= MOST_CORES:
        raise ValueError(f"must be from 1m to {MOST_CORES:.0f} cores")
    return text


def _memory(text: str) -> str:
    if not 2.0**20 <= memory_bytes(text) <= MOST_MEMORY_BYTES:
        raise ValueError("must be from 1Mi to 64Ti; mind the unit, such as the Gi of 16Gi")
    return text


def _image(text: str) -> str:
    match = _IMAGE.fullmatch(text) if len(text) <= _MOST_IMAGE else None
    if match is None:
        raise ValueError("must be an image such as ghcr.io/team/name:1.2.3 or ghcr.io/team/name@sha256:…")
    if match["digest"] is None and match["tag"] in {None, "latest"}:
        raise ValueError("must name a version, by a tag other than latest or by a digest: a run has to be repeatable")
    return text


def _text(pattern: str, **more: int) -> WithJsonSchema:
    """What a schema says of a text; bounds of what it means are told when it is read."""
    return WithJsonSchema({"type": "string", "pattern": pattern, **more})


Duration = Annotated[str, AfterValidator(_run_duration), _text(r"^(?=\d)(\d{1,7}d)?(\d{1,7}h)?(\d{1,7}m)?(\d{1,7}s)?$")]
Cores = Annotated[
    str,
    BeforeValidator(_number_as_text),
    AfterValidator(_cores),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"^\d{1,15}(\.\d{1,9})?m?$"}, {"type": "number"}]}),
]
Memory = Annotated[str, AfterValidator(_memory), _text(r"^\d{1,15}(\.\d{1,9})?(k|M|G|T|Ki|Mi|Gi|Ti)?$")]
Image = Annotated[str, AfterValidator(_image), _text(r"^[a-zA-Z0-9][\w./:@-]*$", maxLength=_MOST_IMAGE)]
PipelineId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
NodeId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
OutputName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]{0,62}$")]
