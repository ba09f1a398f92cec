"""Writes the catalog's data files, each with a statement of where it comes from."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from quantos.catalog.catalog import DATA

SHAPES_FILE = "shapes.csv"
SHAPE_COLUMNS = ("instance_type", "architecture", "vcpu", "memory_gib", "gpus", "network_mbps", "pod_addresses")
PRICE_COLUMNS = ("instance_type", "usd_per_hour")
SERVICE_COLUMNS = ("item", "unit", "usd", "stated_on", "checked", "source")
PRICE_LIST = "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html"
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


def write_service_prices(
    region: str, *, usd: Mapping[str, float], units: Mapping[str, str], stated_on: str, data: Path = DATA
) -> None:
    """Put prices of items into a region's file; items that are not among them stay as they are.

    `units` has the unit of every item that `usd` names.
    """
    name = f"services/{region}.csv"
    kept = {row["item"]: row for row in _read(data / name)}
    for item, price in usd.items():
        kept[item] = {
            "item": item,
            "unit": units[item],
            "usd": f"{price:.10f}".rstrip("0").rstrip("."),
            "stated_on": stated_on,
            "checked": "price-list",
            "source": PRICE_LIST,
        }
    _write(data / name, SERVICE_COLUMNS, (kept[item] for item in sorted(kept)))
    stated = {
        "source": "AWS Pricing API where a line says price-list; AWS's public price pages, one in each other line",
        "version": stated_on,
        "licence": "AWS Service Terms",
        "prices_of": stated_on,
        "what": "USD per unit of what services bill, on demand, first tier",
    }
    _state_source(data, name, stated)


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
