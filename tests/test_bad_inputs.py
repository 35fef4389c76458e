"""Small files on which this package went wrong once, each at its door.

Expected is what their texts say, and for those that lost something the row or line that did.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from scope.errors import InputError
from scope.features.generate_features import generate_features
from scope.features.options import FeatureOptions
from scope.fritz.annotation_values import column_values
from scope.fritz.taxonomy_map import read_map
from scope.fritz.upload_rows import upload_rows
from scope.io import read_table
from scope.io.user_tables import read_user_table
from scope.periods import PeriodOptions
from scope.targets.lists import read_source_list
from scope.tasks.variables.training_sets.read_labels import read_labels
from scope.tasks.variables.training_sets.read_training_set import read_training_set

pytestmark = pytest.mark.real

GAIA = 1237655504567926913
IDS = [700110100000001 + n for n in range(4)]
CHEAP = FeatureOptions(PeriodOptions(algorithms=("Ones",)))


def labels(path: Path) -> Any:
    found = read_labels([path])
    return found.ids.tolist(), found.stars.tolist(), found.columns["variable"].tolist()


def training(path: Path) -> Any:
    return read_training_set(path, ["variable", "median"])[0].column("star").to_pylist()


def uploaded(path: Path) -> Any:
    mapper = path.parent / "map.json"
    mapper.write_text('{"vnv": {"fritz_label": "variable", "taxonomy_id": 1}}')
    table = read_user_table(path, names=["obj_id"], places=("ra", "dec"), first=0)
    rows = upload_rows(table, ["vnv"], read_map(mapper), path=path)
    return [(row.obj_id, row.ra, row.dec, *row.survey_ids) for row in rows]


def listed(path: Path) -> Any:
    found = read_source_list(path)
    return found.ids.tolist(), found.ra.tolist(), found.dec.tolist()


def annotated(key: str) -> Callable[[Path], Any]:
    def read(path: Path) -> Any:
        table = read_user_table(path, text=[key], names=["obj_id"])
        return table["obj_id"].tolist()[:2], column_values(table[key], key, path)

    return read


OWN = [f"light curve {one}" for one in IDS[2:]]
READ: dict[str, tuple[Callable[[Path], Any], Any]] = {
    "ann_ids.csv": (annotated("gaia"), (["ZTFs0", "ZTFs1"], [1237655504567926913, None])),
    "ann_num.csv": (annotated("period"), (["0012", "4295806720"], [0.5, 0.61, 0.7])),
    "dl_sex.csv": (listed, ([-1], [pytest.approx(64.1)], [37.5])),
    "lab_ok.csv": (labels, (IDS, ["S1", "S0", "S1", "S0"], [1, 0, 1, 0])),
    "lab_starbig.csv": (labels, (IDS, [str(GAIA), str(GAIA + 1), *OWN], [1, 0, 1, 0])),
    "lab_starnum.csv": (labels, (IDS, ["0012", "12", *OWN], [1, 0, 1, 0])),
    "train_starnum.csv": (training, ["0012", "12", "row 2"]),
    "ours_bom.csv": (
        uploaded,
        [("0012", 64.1, 37.0, f"Gaia_EDR3___{GAIA}"), ("NA", 64.2, 38.0)],
    ),
    "up_expname.csv": (uploaded, [("2019E5", 64.2, 37.5), ("2020e12", 64.1, 37.5)]),
    "up_naname.csv": (uploaded, [("NA", 64.2, 37.5), ("null", 64.1, 37.5)]),
    "up_numname.csv": (uploaded, [("0012", 64.1, 37.5), ("4295806720", 64.2, 37.5)]),
    "up_sexagesimal.csv": (uploaded, [("ZTFs0", pytest.approx(64.1), 37.5)]),
}
REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "ann_trailing.csv": (annotated("period"), "line 2 of"),
    "dl_trailing.csv": (listed, "line 2 of"),
    "lab_big_float.csv": (labels, r"rounded, in row 0 .*'1\.2376555045679268e\+18'"),
    "lab_half.csv": (labels, r"no whole number, in row 0 .*'700110100000001\.6'"),
    "lab_sci.csv": (labels, r"rounded, in row 0 .*'7\.00110E\+14'"),
    "lab_text.csv": (labels, "no whole number, in row 0 .*'ZTF700110100000001'"),
    "lab_trailing.csv": (labels, "line 2 of"),
    "list_trailing.csv": (listed, "line 2 of"),
    "list_trailing_id.csv": (listed, "line 2 of"),
    "train_trailing.csv": (training, "line 2 of"),
    "up_commadec.csv": (uploaded, "no number, in row 0 .*'64,2'"),
    "up_sci_small.csv": (uploaded, r"rounded, in row 0 .*'4\.29581E\+09'"),
}
LIGHT_CURVES = ("ok", "fixed_list", "two_wild_times", "time_zero", "flat_outlier")


def possible_points(path: Path) -> list[int]:
    """Count the points of each light curve that can be right, at most one in half an hour."""
    counts = []
    for row in pq.read_table(path).to_pylist():
        last, count = -np.inf, 0
        for time, mag in sorted(zip(row["hmjd"], row["mag"], strict=True)):
            # ZTF began in 2017; no star that it measures is brighter than 0 or fainter than 40 mag.
            if 57000 < time < 70000 and 0 < mag < 40 and time - last >= 30 / 1440:
                last, count = time, count + 1
        counts.append(count)
    return counts


@pytest.fixture
def bad_inputs(real_data: Path) -> Path:
    return real_data / "bad_inputs"


def copy_of(name: str, folder: Path, tmp_path: Path) -> Path:
    """Return a copy in a folder that can be written to."""
    path = tmp_path / name
    path.write_bytes((folder / name).read_bytes())
    return path


@pytest.mark.parametrize("name", READ)
def test_what_says_what_it_means_is_read_exactly(
    bad_inputs: Path, tmp_path: Path, name: str
) -> None:
    read, expected = READ[name]
    assert read(copy_of(name, bad_inputs, tmp_path)) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_what_lost_something_is_refused_in_one_line(
    bad_inputs: Path, tmp_path: Path, name: str
) -> None:
    read, message = REFUSED[name]
    with pytest.raises(InputError, match=message) as told:
        read(copy_of(name, bad_inputs, tmp_path))
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("name", LIGHT_CURVES)
def test_an_impossible_point_costs_itself_alone(
    bad_inputs: Path, tmp_path: Path, name: str
) -> None:
    path = bad_inputs / f"{name}.parquet"
    generate_features(path, tmp_path / "f.parquet", options=CHEAP)
    table = read_table(tmp_path / "f.parquet")
    assert table.column("n_epochs").to_pylist() == possible_points(path)
    assert table.column("reason").null_count == 4
