"""What stars of one real field teach trees about another, beside shuffled twins of training stars.

    python -m tests.benchmarks.field_stars --training RUN/results/training/starter.parquet
        [--data FOLDER] [--fields 250 202] [--most 400]

The training set is one of `snakemake train`, with twins (`training.twins`). Trees for `vnv` and
`pnp` are trained on it; on it and the stars of one field; and judged on the other field: share of
the scores above 0.7 of its light curves as they are, shuffled, and of white noise on their epochs;
and on the test stars of the training set, average precision. No star trains that judges.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from scope.catalog.infer_file import infer_files
from scope.config import Config, load_config
from scope.features.generate_features import generate_features
from scope.io import read_metadata, read_table, write_table
from scope.lightcurves.cleaning import CleaningOptions
from scope.lightcurves.nulls import NULLS
from scope.surveys.field_stars import FieldStarOptions, sample_field_stars
from scope.surveys.field_stars.sample_field_stars import CONSTANTS
from scope.surveys.open import open_archive
from scope.tasks.variables.bundles.model_bundle import METRICS, ModelBundle
from scope.tasks.variables.training.train_bundle import train_bundle
from scope.tasks.variables.training.training_settings import training_settings
from scope.tasks.variables.training_sets.assemble_training_set import assemble_training_set
from tests.benchmarks.real_field import LEAST_EPOCHS, THRESHOLD, Bench, field_curves

ROOT = Path(__file__).resolve().parents[2]
TAGS = ("vnv", "pnp")
KINDS = ("real", "shuffled", "white_noise")


def main() -> None:
    """Train, judge and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    data = os.environ.get("SCOPE_REAL_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(data) / "light_curves")
    parser.add_argument("--training", type=Path, required=True)
    parser.add_argument("--fields", type=int, nargs=2, default=[250, 202])
    parser.add_argument("--most", type=int, default=400, help="light curves of a field")
    parser.add_argument("--scratch", type=Path, default=ROOT / "results" / "real_field")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    options.models, options.group = ROOT / "models", "starter"
    bench = Bench(options)
    stars = {
        (field, kind): _field_stars(bench, options, field, kind)
        for field in options.fields
        for kind in CONSTANTS
    }
    settings = {"scale_features": "quantile", "balance": 15, "tags": list(TAGS), "min_count": 50}
    config = load_config(overrides={"training": settings}, root=ROOT)
    print("| trained on | judged on | class | " + " | ".join(KINDS) + " | AP of test stars |")
    print("|---" * (4 + len(KINDS)) + "|")
    with tempfile.TemporaryDirectory() as scratch:
        learnt: list[tuple[int, str] | None] = [None, *stars]
        for key in learnt:
            name = "training set" if key is None else f"and field {key[0]}, {key[1]}"
            more = [] if key is None else [stars[key]]
            folder = _trained(Path(scratch) / name, options.training, more, config)
            for field in options.fields:
                if key is None or key[0] != field:
                    _print(name, field, folder, bench)


def _field_stars(bench: Bench, options: argparse.Namespace, field: int, kind: str) -> Path:
    """Return the training set of the stars of a field, made once."""
    folder = bench.scratch / f"stars_{field}_{kind}_{options.most}"
    output = folder / "training.parquet"
    if not output.exists():
        archive = open_archive(options.data / "ztf_dr5_bulk")
        chosen = FieldStarOptions(fields=(field,), most=options.most, constant=kind)
        sample_field_stars(archive, folder, options=chosen)
        curves, features = folder / "lightcurves.parquet", folder / "features.parquet"
        cleaning = CleaningOptions(min_epochs=LEAST_EPOCHS)
        generate_features(curves, features, cleaning=cleaning, workers=bench.workers)
        assemble_training_set([features], [folder / "truth.parquet"], output)
    return output


def _trained(folder: Path, training: Path, more: list[Path], config: Config) -> Path:
    """Train trees on the rows of several training sets."""
    tables = [read_table(path).replace_schema_metadata(None) for path in (training, *more)]
    names = tables[0].column_names
    whole = pa.concat_tables([table.select(names).cast(tables[0].schema) for table in tables])
    folder.mkdir()
    path = folder / "training.parquet"
    write_table(whole, path, read_metadata(training))
    settings = {**training_settings(config), "calibration": None}
    train_bundle(path, folder / "bundle", algorithm="xgb", **settings)
    return folder / "bundle"


def _print(name: str, field: int, folder: Path, bench: Bench) -> None:
    bundle = ModelBundle.load(folder)
    real = field_curves(bench, field)
    shares: dict[str, list[float]] = {tag: [] for tag in TAGS}
    for kind in KINDS:
        curves = real if kind == "real" else NULLS[kind](real, 0)
        features = bench.features(f"field_{field}_{kind}", curves)
        output = folder.parent / "scores.parquet"
        infer_files([features], output, bundle=bundle)
        table = read_table(output)
        table = table.filter(table.column("reason").is_null())
        for tag in TAGS:
            shares[tag].append(float(np.mean(table.column(f"{tag}_xgb").to_numpy() > THRESHOLD)))
    metrics = json.loads((folder / METRICS).read_text())["classes"]
    for tag in TAGS:
        cells = " | ".join(f"{100 * value:.1f} %" for value in shares[tag])
        precision = metrics[tag]["test"]["average_precision"]
        print(f"| {name} | field {field} | {tag} | {cells} | {precision:.4f} |", flush=True)


if __name__ == "__main__":
    main()
