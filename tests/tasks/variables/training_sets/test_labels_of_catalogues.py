"""From a simulated archive through a catalogue to a training set."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from scope.cli.main import main
from scope.io import read_table
from scope.surveys.simulation import simulate_quadrant

KINDS = {"EW": "EW", "RRab": "RRAB", "CONST": "CST"}


def test_an_archive_is_labelled_by_position(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The truth of the simulation says which light curves are the catalogue's stars."""
    simulate_quadrant(tmp_path / "sky", n_stars=60, mix="balanced", seed=4, bands="gr", years=1.0)
    truth = pd.read_parquet(tmp_path / "sky/truth.parquet")
    truth = truth[truth["class"].isin(KINDS)]
    stars = truth.drop_duplicates("sourceid")
    table = pd.DataFrame(
        {
            "OID": stars["sourceid"],
            "RAdeg": stars["ra"],
            "DEdeg": stars["dec"],
            "Type": stars["class"].map(KINDS),
        }
    )
    table.to_csv(tmp_path / "vsx.csv", index=False)
    command = ["label-light-curves", "--archive", str(tmp_path / "sky")]
    catalogue = ["--catalogue", f"vsx={tmp_path / 'vsx.csv'}", "--output", str(tmp_path / "out")]
    assert main([*command, *catalogue]) == 0
    said = capsys.readouterr().out
    found = read_table(tmp_path / "out/labels.parquet").to_pydict()
    kinds = dict(zip(truth["objectid"], truth["class"], strict=True))
    names = dict(zip(truth["objectid"], truth["sourceid"], strict=True))
    assert len(found["objectid"]) > 0.8 * len(truth) > 0
    for one, kind, star in zip(
        found["objectid"], found["catalogue_class"], found["sourceid"], strict=True
    ):
        assert kind == KINDS[kinds[one]]
        assert star == f"VSX {names[one]}"
    # Nothing is lost on the way: rows and light curves add up.
    rows = read_table(tmp_path / "out/catalogue_rows.parquet").num_rows
    assert rows == len(stars)
    assert f"VSX: {rows} rows" in said
    assert "light curves labelled" in said
    curves = read_table(tmp_path / "out/lightcurves.parquet")
    assert curves.column("_id").to_pylist() == found["objectid"]
    assert curves.column("obj_id").to_pylist() == found["sourceid"]
    near = read_table(tmp_path / "out/light_curve_outcomes.parquet").to_pydict()
    used = {o for o, why in zip(near["objectid"], near["outcome"], strict=True) if why == "used"}
    assert used == set(found["objectid"])
