"""Generate the committed instance catalog from registry packages: `python scripts/generate_catalog.py`.

Shapes come from moto's bundled `describe-instance-types` answer (a dependency of the sandbox group), on-demand prices
from the table inside a pinned Go module, which the `go` command fetches and verifies. Nothing is asked of AWS; to take
prices from there, or for another region, run `scripts/refresh_prices.py`.
"""

import gzip
import importlib.metadata
import importlib.resources
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantos.catalog.data_files import write_prices, write_shapes

PRICE_MODULE = "github.com/aws/karpenter-provider-aws"
PRICE_MODULE_VERSION = "v1.14.1"
PRICE_FILE = "pkg/providers/pricing/zz_generated.pricing_aws.go"
ARCHITECTURES = ("x86_64", "arm64")


@dataclass(frozen=True)
class PriceTable:
    """On-demand Linux prices by region and instance type, USD an hour, as they stood at `generated_at`."""

    generated_at: str
    prices: Mapping[str, Mapping[str, float]]


def bundled_shapes() -> list[dict[str, object]]:
    """One row for every Linux instance type that moto describes, in order of name."""
    packed = importlib.resources.files("moto").joinpath("ec2/resources/instance_types.json.gz").read_bytes()
    described = json.loads(gzip.decompress(packed))
    rows = (_shape_row(name, description) for name, description in sorted(described.items()))
    return [row for row in rows if row is not None]


def _shape_row(name: str, description: Mapping[str, Any]) -> dict[str, object] | None:
    supported = description["ProcessorInfo"]["SupportedArchitectures"]
    architecture = next((known for known in ARCHITECTURES if known in supported), None)
    if architecture is None:
        return None
    gpus = description.get("GpuInfo", {}).get("Gpus", [])
    network = description["NetworkInfo"]
    cards = network["NetworkCards"]
    interfaces = cards[network["DefaultNetworkCardIndex"]]["MaximumNetworkInterfaces"]
    return {
        "instance_type": name,
        "architecture": architecture,
        "vcpu": description["VCpuInfo"]["DefaultVCpus"],
        "memory_gib": f"{description['MemoryInfo']['SizeInMiB'] / 1024:g}",
        "gpus": sum(gpu["LogicalGpuCount"] for gpu in gpus),
        "network_mbps": round(sum(card["BaselineBandwidthInGbps"] for card in cards) * 1000),
        "pod_addresses": interfaces * (network["Ipv4AddressesPerInterface"] - 1),
    }


def parsed_price_table(source: str) -> PriceTable:
    """The Go source of the price table as values. Raises ValueError when it does not look as expected."""
    stamp = re.search(r"^// generated at (\S+) for", source, re.MULTILINE)
    if stamp is None:
        raise ValueError("the price table carries no date")
    prices: dict[str, dict[str, float]] = {}
    region: dict[str, float] | None = None
    for line in source.splitlines():
        if opened := re.match(r'^\t"([a-z0-9-]+)": \{$', line):
            region = prices.setdefault(opened[1], {})
        elif region is not None:
            region.update({name: float(price) for name, price in re.findall(r'"([a-z0-9.-]+)": ([0-9.]+)', line)})
    if not any(prices.values()):
        raise ValueError("the price table holds no prices")
    return PriceTable(generated_at=stamp[1], prices=prices)


def _fetched_module() -> Path:
    command = ["go", "mod", "download", "-json", f"{PRICE_MODULE}@{PRICE_MODULE_VERSION}"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return Path(json.loads(answer.stdout)["Dir"])


def main() -> None:
    """Write the shapes, one price file a region, and where each comes from."""
    shapes = bundled_shapes()
    write_shapes(
        shapes,
        source={
            "source": "moto/ec2/resources/instance_types.json.gz in the PyPI package moto",
            "version": importlib.metadata.version("moto"),
            "licence": "Apache-2.0",
            "what": "EC2 describe-instance-types; Linux only, so without Mac types",
        },
    )
    print(f"shapes: {len(shapes)} instance types")
    table = parsed_price_table((_fetched_module() / PRICE_FILE).read_text(encoding="utf-8"))
    known = {shape["instance_type"] for shape in shapes}
    for region, prices in table.prices.items():
        write_prices(
            "on_demand",
            region,
            usd_per_hour={name: price for name, price in prices.items() if name in known},
            source={
                "source": f"{PRICE_FILE} in the Go module {PRICE_MODULE}",
                "version": PRICE_MODULE_VERSION,
                "licence": "Apache-2.0",
                "prices_of": table.generated_at,
                "what": "on-demand USD per hour, Linux, shared tenancy",
            },
        )
        without = ", ".join(sorted(set(prices) - known)) or "none"
        print(f"{region}: {len(prices)} prices of {table.generated_at}; left out for want of a shape: {without}")


if __name__ == "__main__":
    main()
