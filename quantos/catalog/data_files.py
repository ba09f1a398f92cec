"""Writes the catalog's data files, each with a statement of where it comes from."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from quantos.catalog.catalog import DATA

SHAPES_FILE = "shapes.csv"
SHAPE_COLUMNS = ("instance_type", "architecture", "vcpu", "memory_gib", "gpus", "network_mbps")
PRICE_COLUMNS = ("instance_type", "usd_per_hour")
SOURCES_FILE = "sources.json"


def write_shapes(rows: Iterable[Mapping[str, object]], *, source: Mapping[str, str], data: Path = DATA) -> None:
    """Replace the shapes by `rows`, one an instance type with every column of `SHAPE_COLUMNS`."""
    _write(data / SHAPES_FILE, SHAPE_COLUMNS, rows)
    _state_source(data, SHAPES_FILE, source)


def write_prices(
    kind: Literal["on_demand", "spot"],
    region: str,
    *,
    usd_per_hour: Mapping[str, float],
    source: Mapping[str, str],
    data: Path = DATA,
) -> None:
    """Replace one region's prices of one kind."""
    name = f"{kind}/{region}.csv"
    rows = [{"instance_type": name, "usd_per_hour": f"{price:.10g}"} for name, price in sorted(usd_per_hour.items())]
    _write(data / name, PRICE_COLUMNS, rows)
    _state_source(data, name, source)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _state_source(data: Path, name: str, source: Mapping[str, str]) -> None:
    path = data / SOURCES_FILE
    stated = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**stated, name: dict(source)}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
