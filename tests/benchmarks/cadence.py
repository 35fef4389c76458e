"""Whether the cadence alone tells variable from constant light curves of the starter models.

    python -m tests.benchmarks.cadence [--data FOLDER] [--stars 1800] [--most-stars 600] [--twins 1]

Makes the light curves of `config/starter.yaml` and, with the folder of labelled sets, of
`config/starter_labelled.yaml`, and their copies; then trains trees on epochs, errors and the dmdt
of noise alone, by folds of whole stars. Prints the rows and the area under the curve, without
twins and with them: 0.5 where the cadence tells nothing.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import yaml

from scope.config import Config, load_config
from scope.lightcurves.cleaning import CleaningOptions
from scope.surveys.base import parse_unit
from scope.surveys.resample_labelled import resample_labelled
from scope.surveys.simulation import simulate_quadrant
from scope.surveys.twins import CopyOptions, make_twins
from tests.cadence import Rows, cadence_auc

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ("starter", "starter_labelled")


def main() -> None:
    """Make light curves and copies, and judge them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="folder of labelled sets")
    parser.add_argument("--stars", type=int, help="simulated stars of each quadrant")
    parser.add_argument("--most-stars", type=int, help="labelled stars of each class")
    parser.add_argument("--twins", type=float, default=1.0)
    options = parser.parse_args()
    layers = [yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in SETTINGS]
    config = load_config(overrides=merged(*layers), root=ROOT)
    with tempfile.TemporaryDirectory() as scratch:
        parents = light_curves(Path(scratch), config, options)
        copies = []
        for number, (curves, truth) in enumerate(parents):
            folder = Path(scratch) / f"twins{number}"
            settings = {**config.training.copies(), "twins": options.twins}
            counts = make_twins(
                curves,
                truth,
                folder,
                cleaning=config.cleaning_options(),
                options=CopyOptions(**settings),
            )
            print(curves.parent.name, dict(counts), flush=True)
            copies.append((folder / "lightcurves.parquet", folder / "truth.parquet"))
        cleaning = CleaningOptions(min_epochs=config.training.thinned.epochs[0])
        for name, chosen in (("without twins", parents), ("with twins", [*parents, *copies])):
            rows = Rows(chosen, cleaning)
            known = f"{len(rows.variable)} rows, {rows.variable.mean():.3f} variable"
            print(f"{name}: {known}, area {cadence_auc(rows):.3f}", flush=True)


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return settings, those of one layer over those of another."""
    both = {key: value for key, value in above.items() if key in below}
    inner = {k: merged(below[k], v) if isinstance(v, dict) else v for k, v in both.items()}
    return {**below, **above, **inner}


def light_curves(
    scratch: Path, config: Config, options: argparse.Namespace
) -> list[tuple[Path, Path]]:
    """Make the parents: files of light curves and of their truth."""
    simulation = config.training.simulation
    found = []
    for unit in simulation.units:
        ccd, quad = parse_unit(unit)
        folder = scratch / unit
        simulate_quadrant(
            folder,
            field=701,
            ccd=ccd,
            quad=quad,
            n_stars=options.stars or simulation.n_stars,
            mix=simulation.mix,
            seed=simulation.seed,
            bands=tuple(simulation.bands),
            **simulation.survey(unit),
            with_crossmatch=False,
            exclude=simulation.exclude,
        )
        found += [(path, folder / "truth.parquet") for path in sorted(folder.glob("ztf_*"))]
    if options.data is not None:
        labelled = config.training.labelled
        folder = scratch / "labelled"
        resample_labelled(
            options.data,
            folder,
            sets=labelled.sets,
            label_map=ROOT / "config" / labelled.label_map,
            most_stars=options.most_stars or labelled.most_stars,
            seed=labelled.seed,
        )
        found.append((folder / "lightcurves.parquet", folder / "truth.parquet"))
    return found


if __name__ == "__main__":
    main()
