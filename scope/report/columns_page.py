"""The page of documentation that says what the columns of the products are, from the schema.

python -m scope.report.columns_page docs/columns.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from scope.catalog.probability_columns import SHIFT, final_columns, single_column
from scope.features.options import FeatureOptions
from scope.features.registry import product_columns
from scope.io.atomic import write_bytes
from scope.models.algorithm import find_algorithm
from scope.plugins import DEFAULT_ALGORITHMS
from scope.schema import (
    ALIAS_TREND,
    IMPUTED,
    KINDS,
    LOG10_FAP,
    OBJ_ID,
    OOD,
    PERIOD,
    PREDICTED_PLACE,
    PROVENANCE,
    REASONS,
    SIGNIFICANCE,
    SOURCES,
    SURVEY_IDS,
    Column,
    lightcurve_schema,
)

CLASS = "<class>"
"""In place of the tag of a class."""

_OPENING = """# Columns of the products

Made of the declarations (`scope/schema.py`, `scope/features/`, `scope/periods/columns.py`,
`scope/catalog/probability_columns.py`) by `python -m scope.report.columns_page docs/columns.md`; a
test compares. In Parquet files the same is in the metadata of each column: `unit`, `description`,
`kind` and `ucd` (IVOA UCD1+). A null is a missing value; NaN is not used for it.

A survey without fields and detectors has no columns `field`, `ccd` and `quad`.
"""


def columns_page() -> str:
    """Return the page, as Markdown."""
    features = product_columns(FeatureOptions())
    by_name = {column.name: column for column in (*features, *SOURCES)}
    place = [by_name.get(name, PERIOD) for name in PREDICTED_PLACE]
    result = [
        *(by_name["n_epochs"], SIGNIFICANCE, LOG10_FAP, ALIAS_TREND, by_name["reason"]),
        *(IMPUTED, OOD),
    ]
    scores = [
        Column(
            *(f"{CLASS}_{name}", "float32", "", True),
            f"Score of the class by the {find_algorithm(name).plural}",
        )
        for name in DEFAULT_ALGORITHMS
    ]
    probabilities = [single_column(CLASS, name) for name in DEFAULT_ALGORITHMS]
    parts = [
        _OPENING,
        _section("Sources", "results/sources/{target}/{unit}.parquet", SOURCES),
        _section(
            "Light curves", "results/lightcurves/{target}/{unit}.parquet", lightcurve_schema()
        ),
        _section("Features", "results/features/{target}/{unit}.parquet", features),
        _section(
            "Predictions and catalogue",
            "results/preds_{algo}/{target}.parquet (the scores of one algorithm) and "
            "results/catalog/{target}.parquet",
            [
                *(by_name["_id"], OBJ_ID, *SURVEY_IDS, *place, *result, PROVENANCE, *scores),
                *(*probabilities, *final_columns(CLASS), SHIFT),
            ],
        ),
        _words("Kinds of columns", KINDS),
        _words("Reasons", REASONS),
    ]
    return "\n".join(parts)


def _section(title: str, where: str, columns: Iterable[Column]) -> str:
    rows = [
        f"| `{column.name}` | {column.dtype} | {column.unit} | {column.kind} | {column.ucd} | "
        f"{'yes' if column.nullable else 'no'} | {_escaped(column.description)} |"
        for column in columns
    ]
    header = "| column | type | unit | kind | UCD | null | meaning |\n|---|---|---|---|---|---|---|"
    return f"## {title}\n\n`{where}`\n\n{header}\n" + "\n".join(rows) + "\n"


def _words(title: str, words: dict[str, str]) -> str:
    rows = [f"| `{word}` | {_escaped(meaning)} |" for word, meaning in words.items()]
    return f"## {title}\n\n| word | meaning |\n|---|---|\n" + "\n".join(rows) + "\n"


def _escaped(text: str) -> str:
    """Return a text as a cell of a table: bars and angle brackets would end it or vanish."""
    return text.replace("|", r"\|").replace("<", "&lt;").replace(">", "&gt;")


if __name__ == "__main__":
    write_bytes(columns_page().encode(), Path(sys.argv[1]))
