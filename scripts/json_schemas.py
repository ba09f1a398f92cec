"""Writes the schemas of what people and compilers submit, and of the API: `python -m scripts.json_schemas`."""

import json
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from lambdas.openapi import openapi
from quantos.contracts.dag.outputs import Outputs
from quantos.contracts.dag.spec import DagSpec
from quantos.contracts.dag.submission import SubmissionRequest

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "schemas"
SCHEMAS: Final[dict[str, type[BaseModel]]] = {
    "dag.v1": DagSpec,
    "submission.v1": SubmissionRequest,
    "outputs.v1": Outputs,
}
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_text(name: str) -> str:
    """The schema of a document by its name and version, as its file holds it."""
    schema = {"$schema": DIALECT, "$id": f"quantos:{name}", **SCHEMAS[name].model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def openapi_text() -> str:
    """The OpenAPI document, as its file holds it."""
    return json.dumps(openapi(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every schema."""
    FOLDER.mkdir(exist_ok=True)
    for name in SCHEMAS:
        (FOLDER / f"{name}.schema.json").write_text(schema_text(name), encoding="utf-8")
    (FOLDER / "openapi.json").write_text(openapi_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
