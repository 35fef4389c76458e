"""What the models say of real fields, of what cannot vary in them, and of transients.

    python -m tests.benchmarks.real_field [--data FOLDER] [--models FOLDER] [--group starter]
        [--cuts 50 20] [--fields 250 202] [--parts fields transients mixes]

FOLDER holds the light curves of `SCOPE_REAL_DATA` (ztf_dr5_bulk and the labelled sets). Every
number comes from the functions of the workflow: cleaning, features, imputation, scores,
calibrated probabilities, catalogue.

    fields      two quadrants of ZTF DR5, as they are; shuffled, whole and within seasons; white
                noise at the stated errors on the same epochs. Per class the share above 0.7 and
                the sum of probabilities as a share of the rows. The 30 light curves surest of
                `pnp` are folded into one page, to be looked at.
    transients  supernovae, novae and the like on the epochs of the fields, of forms and seeds
                that train nothing: the share above 0.7 for `pnp` and every periodic class
    mixes       calibration error and Brier skill on labelled stars that no training saw (by the
                hash of their names), on these with as many shuffled ones, and on a mix like a
                field: one in ten labelled, the others nulls

Features lie in --scratch and are computed once per version of their stage.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from scope.catalog import publish_catalog
from scope.catalog.infer_file import infer_files
from scope.catalog.probabilities import load_probabilities
from scope.config import load_config
from scope.features.generate_features import generate_features
from scope.io import TableWriter, read_metadata, read_table
from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.lightcurves.files import iter_raw_lightcurves
from scope.lightcurves.nulls import NULLS
from scope.provenance import STAGES
from scope.schema import with_scope_metadata
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from tests.benchmarks.real_field_mixes import CONSTANT, labelled_curves, print_mix
from tests.benchmarks.real_field_page import write_page
from tests.benchmarks.transients import FORMS, transients

ROOT = Path(__file__).resolve().parents[2]
LEAST_EPOCHS = 20
THRESHOLD = 0.7
STRANGE = 0.02
ENDS = {"DNN": "_dnn_p", "XGB": "_xgb_p", "_p_train": "_p_train", "_p": "_p"}
"""Heading -> how the column of a class ends."""
PERIODIC = (
    *("pnp", "sin", "el", "saw", "mp", "e", "ea", "eb", "ew", "bis", "ceph", "ceph2", "dscu"),
    *("puls", "rrlyr", "rrab", "rrc", "rscvn", "mir"),
)
KINDS = ("real", *NULLS)
MOVED = 10**17
"""Added to ids, it makes others of them that no star has."""


class Bench:
    """Where the files of a run of the benchmark lie, and the models it judges."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.data: Path = options.data
        self.scratch: Path = options.scratch / f"features_{STAGES['features']}"
        self.models, self.group = options.models, options.group
        self.workers: int = options.workers
        self.config = load_config(root=ROOT)

    def features(self, name: str, curves: LightCurves) -> Path:
        """Compute the features of cleaned light curves, once."""
        output = self.scratch / f"{name}.parquet"
        if not output.exists():
            output.parent.mkdir(parents=True, exist_ok=True)
            source = output.with_suffix(".lightcurves.parquet")
            with TableWriter(source, curves.to_arrow().schema) as writer:
                writer.write(curves.to_arrow())
            cleaning = CleaningOptions(min_epochs=LEAST_EPOCHS)
            generate_features(source, output, cleaning=cleaning, workers=self.workers)
        return output

    def catalog(self, name: str, features: Sequence[Path], least_epochs: int = 0) -> pa.Table:
        """Return the catalogue of the rows of some files with enough epochs."""
        folder = self.scratch / "judged" / name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "features.parquet"
        tables = [read_table(part) for part in features]
        rows = pa.concat_tables(tables).sort_by("_id")
        rows = rows.filter(pa.compute.greater_equal(rows.column("n_epochs"), least_epochs))
        schema = with_scope_metadata(rows.schema, read_metadata(features[0]))
        with TableWriter(path, schema) as writer:
            writer.write(rows)
        places = {one: self.models / one / self.group for one in ("dnn", "xgb")}
        for one, place in places.items():
            infer_files([path], folder / f"{one}.parquet", bundle=ModelBundle.load(place))
        publish_catalog(
            [folder / f"{one}.parquet" for one in places],
            folder / "catalog.parquet",
            probabilities=load_probabilities(
                places.values(),
                self.models / "fused" / self.group,
                self.config.class_parents(),
                self.config.probabilities.model_dump(),
                exclusive=self.config.exclusive_classes(),
                periodic=self.config.periodic_classes(),
            ),
        )
        found = read_table(folder / "catalog.parquet")
        return found.filter(found.column("reason").is_null())


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    data = os.environ.get("SCOPE_REAL_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(data) / "light_curves")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--group", default="starter")
    parser.add_argument("--fields", type=int, nargs="+", default=[250, 202])
    parser.add_argument("--cuts", type=int, nargs="+", default=[50, 20], help="least epochs")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--scratch", type=Path, default=ROOT / "results" / "real_field")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--transients", type=int, default=100, help="of each form")
    parser.add_argument("--draw", type=int, default=0, help="another number, other transients")
    parser.add_argument("--stars", type=int, default=60, help="of a class of a labelled set")
    parser.add_argument("--test-size", type=float, default=0.25, help="training.test_size")
    options = parser.parse_args()
    bench = Bench(options)
    for part in options.parts:
        PARTS[part](bench, options)


def field_curves(bench: Bench, number: int) -> LightCurves:
    """Return the cleaned light curves of a quadrant with enough epochs."""
    (path,) = sorted((bench.data / "ztf_dr5_bulk").glob(f"ztf_{number:06d}_*.parquet"))
    parts = []
    for _, raw in iter_raw_lightcurves(path):
        cleaned, _ = clean(raw, CleaningOptions(min_epochs=LEAST_EPOCHS))
        parts.append(cleaned.take(np.flatnonzero(cleaned.n_epochs)))
    return LightCurves.concatenate(parts)


def print_fields(bench: Bench, options: argparse.Namespace) -> None:
    """Print the tables of the real fields and their nulls."""
    for number in options.fields:
        real = field_curves(bench, number)
        files = {
            kind: bench.features(
                f"field_{number}_{kind}", real if kind == "real" else NULLS[kind](real, 0)
            )
            for kind in KINDS
        }
        for cut in options.cuts:
            found = {
                kind: bench.catalog(f"field_{number}_{cut}_{kind}", [path], cut)
                for kind, path in files.items()
            }
            print(f"\n## field {number}, {cut} epochs or more\n")
            if not len(found["real"]):
                print("no light curve has as many epochs")
                continue
            print_shares(found)
            page = bench.scratch / "judged" / f"field_{number}_{cut}_surest.html"
            write_page(page, found["real"], real, read_table(files["real"]))
            print(f"\nThe surest of `pnp`, folded: {page}")


def print_shares(found: Mapping[str, pa.Table]) -> None:
    """Print per class the share of rows above 0.7 and the sum of probabilities."""
    rows = ", ".join(f"{kind} {len(table)}" for kind, table in found.items())
    print(f"Classified rows: {rows}. Share above {THRESHOLD} by {', '.join(ENDS)}; in %.\n")
    heads = [*found, *(f"{kind}: sum of _p" for kind in found)]
    print("| class | " + " | ".join(head.replace("_", " ") for head in heads) + " |")
    print("|---" * (1 + len(heads)) + "|")
    for tag in tags_of(next(iter(found.values()))):
        cells = [
            " ".join(f"{100 * share(table, tag + end):.1f}" for end in ENDS.values())
            for table in found.values()
        ]
        cells += [f"{100 * values(table, tag + '_p').mean():.1f}" for table in found.values()]
        print(f"| {tag} | " + " | ".join(cells) + " |")


def tags_of(table: pa.Table) -> list[str]:
    """Return the classes that have one probability of all algorithms."""
    return [n.removesuffix("_p_train") for n in table.column_names if n.endswith("_p_train")]


def values(table: pa.Table, column: str) -> np.ndarray:
    """Return a column as numbers; NaN where there is none."""
    if column not in table.column_names:
        return np.full(len(table), np.nan)
    return table.column(column).cast(pa.float64()).to_numpy()


def share(table: pa.Table, column: str) -> float:
    """Return the share of rows above the threshold; NaN where the column is not there."""
    found = values(table, column)
    return float(np.mean(found > THRESHOLD)) if np.isfinite(found).all() else float("nan")


def print_transients(bench: Bench, options: argparse.Namespace) -> None:
    """Print how many transients are taken for something periodic."""
    real = LightCurves.concatenate([field_curves(bench, number) for number in options.fields])
    print("\n## transients, share above 0.7 in % (DNN, XGB, _p_train, _p)\n")
    print("| form | rows | " + " | ".join(PERIODIC) + " | found out |")
    print("|---" * (3 + len(PERIODIC)) + "|")
    everything = []
    for form in FORMS:
        curves = transients(form, real, options.transients, LEAST_EPOCHS, options.draw)
        name = f"transient_{form}_{options.transients}_{options.draw}"
        everything.append(bench.features(name, curves))
        print_transient(form, bench.catalog(f"transient_{form}", everything[-1:]))
    print_transient("all", bench.catalog("transient_all", everything))


def print_transient(form: str, table: pa.Table) -> None:
    """Print the row of one form."""
    known = tags_of(table)
    cells = [
        " ".join(f"{100 * share(table, tag + end):.0f}" for end in ENDS.values())
        if tag in known
        else "-"
        for tag in PERIODIC
    ]
    # By its own class, by being unlike all, or by a period that may be a slow change.
    found = values(table, "transient_p") > THRESHOLD
    found |= values(table, "ood_p") < STRANGE
    found |= values(table, "alias_trend") > 0
    cells.append(f"{100 * found.mean():.0f}")
    print(f"| {form} | {len(table)} | " + " | ".join(cells) + " |")


def print_mixes(bench: Bench, options: argparse.Namespace) -> None:
    """Print whether probabilities are what they say, on three mixes."""
    curves, truth = labelled_curves(bench.data, options, bench.scratch)
    stars = bench.features(f"labelled_{options.stars}", curves)
    fakes = bench.features(f"labelled_{options.stars}_moved", moved(NULLS["shuffled"](curves, 0)))
    nulls = [
        bench.features(f"field_{number}_{kind}", NULLS[kind](field_curves(bench, number), 0))
        for number in options.fields
        for kind in ("shuffled", "white_noise")
    ]
    for name, files in (
        ("labelled held-out stars", [stars]),
        ("the same, and as many shuffled", [stars, fakes]),
        ("like a field: one in ten labelled", [stars, fakes, *nulls]),
    ):
        paths = unique(bench, files)
        noise = [path for path in paths if "white_noise" in path.name]
        constant = {one for path in noise for one in read_table(path).column("_id").to_pylist()}
        catalog = bench.catalog(f"mix_{len(files)}", paths)
        known = {**truth, **dict.fromkeys(constant, CONSTANT)}
        print_mix(
            name, catalog, known, tags_of(catalog), labelled=truth if nulls[0] in files else ()
        )


def moved(curves: LightCurves) -> LightCurves:
    """Return light curves under ids that no star has."""
    return LightCurves(MOVED + curves.ids, curves.offsets, curves.time, curves.mag, curves.magerr)


def unique(bench: Bench, files: Sequence[Path]) -> list[Path]:
    """Return files of features whose ids differ: nulls of one light curve share its id."""
    found, seen = [], np.empty(0, dtype=np.int64)
    for number, path in enumerate(files):
        table = read_table(path)
        ids = table.column("_id").to_numpy()
        if np.isin(ids, seen).any():
            ids = (number + 2) * MOVED + ids
            table = table.set_column(0, table.schema.field("_id"), pa.array(ids))
            path = bench.scratch / f"renamed_{path.name}"
            with TableWriter(path, table.schema) as writer:
                writer.write(table)
        seen = np.concatenate([seen, ids])
        found.append(path)
    return found


PARTS = {"fields": print_fields, "transients": print_transients, "mixes": print_mixes}


if __name__ == "__main__":
    main()
