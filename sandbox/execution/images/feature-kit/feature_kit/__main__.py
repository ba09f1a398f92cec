"""Reads `dataset_uri`, and gives `feature_table` of the view that FEATURE_VIEW names."""

import sys
from pathlib import Path

from program_kit.call import Call, RefusedError
from program_kit.tracing import span

from feature_kit.features import VIEWS, features_of
from feature_kit.panel import read_panel, write_features

TABLE = Path("features.parquet")


def run(call: Call) -> None:
    """Compute the features."""
    view = call.variables.get("FEATURE_VIEW", "")
    if view not in VIEWS:
        raise RefusedError(f"FEATURE_VIEW is {view or 'missing'}; views are {', '.join(VIEWS)}")
    with span("features", **{"feature.view": view}):
        with span("read bars"):
            panel = read_panel(call.input_path("dataset_uri"))
        sys.stdout.write(f"{len(panel.days)} days of {len(panel.symbols)} symbols\n")
        with span("compute", days=len(panel.days), symbols=len(panel.symbols)):
            rows = write_features(panel, features_of(panel, view), file=TABLE)
        if not rows:
            raise RefusedError("no day has a whole cross-section: 21 days before a last one are needed")
        sys.stdout.write(f"{rows} rows of features by {view}\n")
        call.give({"feature_table": TABLE})


if __name__ == "__main__":
    try:
        run(Call.of_process())
    except RefusedError as error:
        sys.exit(str(error))
