"""The reader of StarEmbed's layout, on a tiny folder that is made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.errors import DuplicateIdError, InputError, MissingColumnError, NotFoundError
from tests.benchmarks.star_embed import prepare, read_stars, star_classes

POINTS = {"mjd": [58300.0, 58301.5], "target": [15.0, 15.5], "past_feat_dynamic_real": [0.02, 0.03]}
NOTHING: dict[str, list[float]] = {name: [] for name in POINTS}


def write(folder: Path, split: str, rows: list[tuple[str, str]], **bands: Any) -> None:
    data = {"g": POINTS, "r": POINTS, "i": POINTS, **bands}
    lines = [{"sourceid": star, "class_str": kind, "bands_data": data} for star, kind in rows]
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(lines), folder / f"{split}-00000-of-00001.parquet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    write(place, "train", [("a", "EW"), ("b", "RS CVn")])
    write(place, "validation", [("c", "RRab")])
    write(place, "test", [("0012", "LPV")], r=NOTHING)
    return place


def test_both_bands_of_each_star_in_its_split(folder: Path, tmp_path: Path) -> None:
    curves, labels = prepare(folder, tmp_path / "run")
    table = pq.read_table(labels).to_pydict()
    assert table["sourceid"] == ["a", "a", "b", "b", "c", "c", "0012"]
    assert table["filterid"] == [1, 2, 1, 2, 1, 2, 1]
    assert table["class"][2] == "RS_CVn"
    assert table["split"] == ["train"] * 4 + ["validation"] * 2 + ["test"]
    assert pq.read_table(curves).column("mag").to_pylist() == [[15.0, 15.5]] * 7


def test_a_star_has_the_class_of_the_highest_mean_score() -> None:
    scores = np.array([[0.6, 0.4], [0.1, 0.9], [0.7, 0.3], [np.nan, np.nan]])
    assert star_classes(["x", "x", "y", "z"], scores, ["EA", "EW"]) == {"x": "EW", "y": "EA"}


def test_folders_that_are_no_copy_of_it(folder: Path) -> None:
    write(folder, "test", [("a", "EW")])
    with pytest.raises(DuplicateIdError, match="a: train and test"):
        list(read_stars(folder))
    write(folder, "test", [("d", "nova")])
    with pytest.raises(InputError, match="none of the seven: 'nova'"):
        list(read_stars(folder))
    pq.write_table(pa.table({"x": [1]}), folder / "test-00000-of-00001.parquet")
    with pytest.raises(MissingColumnError, match="not of ZTF_40k"):
        list(read_stars(folder))
    (folder / "test-00000-of-00001.parquet").unlink()
    with pytest.raises(NotFoundError, match="without its test stars"):
        list(read_stars(folder))
