"""Pages, regions and diagrams of the table against pandas and matplotlib."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scope.desk.desk import Desk
from scope.desk.export_selection import export_rows
from scope.desk.products import class_parents, find_targets, leaf_classes, prepare_table
from scope.desk.table import MOST_POINTS, Question, StarTable
from scope.errors import NotFoundError, UsageError
from scope.io import read_metadata, read_table, write_table
from tests.desk.fields import invented

COLUMNS = ["_id", "ra", "dec", "mag", "period", "amplitude", "class", "class_p", "rrab_dnn"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return invented(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def desk(results: Path) -> Desk:
    return Desk.open(results)


@pytest.fixture(scope="module")
def frame(results: Path) -> pd.DataFrame:
    """The rows, joined with their features by pandas."""
    catalog = read_table(results / "catalog" / "field_250.parquet").to_pandas()
    parts = [read_table(p).to_pandas() for p in sorted((results / "features").rglob("*.parquet"))]
    features = pd.concat(parts)[["_id", "median", "i90r"]]
    joined = catalog.merge(features, on="_id", how="left")
    return joined.rename(columns={"median": "mag", "i90r": "amplitude"})


def test_the_table_has_the_rows_of_the_catalogue_and_what_features_say(
    desk: Desk, frame: pd.DataFrame
) -> None:
    assert desk.table.total == len(frame)
    found = desk.table.page(Question(), COLUMNS, limit=1000).to_pandas()
    assert found["_id"].tolist() == frame["_id"].tolist()
    for name in ("mag", "amplitude", "period"):
        assert np.allclose(found[name], frame[name], rtol=1e-6, equal_nan=True)
    # By hand: the scores by trees stand for probabilities that there are none of. Of these
    # classes only "variable" is one that others are a kind of.
    scores = frame.set_index("_id").filter(regex="_xgb$").astype(float)
    best = scores.drop(columns="vnv_xgb").max(axis=1)
    assert np.allclose(found["class_p"], best, rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("column", ["mag", "class", "_id", "period"])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_hold_every_row_once_in_order(
    desk: Desk, frame: pd.DataFrame, column: str, descending: bool
) -> None:
    pages = [
        desk.table.page(
            Question("mag < 19"), COLUMNS, sort=column, descending=descending, offset=at, limit=17
        ).to_pandas()
        for at in range(0, len(frame), 17)
    ]
    found = pd.concat(pages)
    assert sorted(found["_id"]) == sorted(frame["_id"][frame["mag"] < 19])
    known = found[column][found[column].notna()]
    assert known.is_monotonic_decreasing if descending else known.is_monotonic_increasing
    assert found[column].notna().to_numpy().argmin() in (0, len(known)), "nulls come last"


def test_a_region_holds_what_lies_in_the_polygon(desk: Desk, frame: pd.DataFrame) -> None:
    from matplotlib.path import Path as Polygon

    corners = [[-0.5, -1.5], [1.5, -1.4], [0.2, -1.0], [1.7, -0.2], [-0.4, -0.6]]
    with np.errstate(invalid="ignore", divide="ignore"):
        points = np.log10(frame[["period", "amplitude"]].to_numpy(float))
    inside = Polygon(corners).contains_points(np.nan_to_num(points, nan=99.0))
    question = Question("", (("period_amplitude", corners),))
    assert 5 < inside.sum() < len(frame) / 2
    found = desk.table.page(question, ["_id"], limit=1000)["_id"].to_pylist()
    assert found == frame["_id"][inside].tolist()


def test_a_region_of_the_sky_goes_around_zero(desk: Desk, frame: pd.DataFrame) -> None:
    shift = desk.table.diagrams["sky"].shift
    # A box from right ascension 359.4 to 0.8: the field straddles 0.
    low, high = ((ra - shift + 540) % 360 - 180 for ra in (359.4, 0.8))
    corners = [[low, 20.5], [high, 20.5], [high, 22.5], [low, 22.5]]
    inside = ((frame["ra"] > 359.4) | (frame["ra"] < 0.8)) & frame["dec"].between(20.5, 22.5)
    assert inside.sum() > 10
    assert desk.table.count(Question("", (("sky", corners),))) == inside.sum()


NO_CORNERS = (
    *(None, [], [[0, 0], [1, 1]], [[0, 0]] * 500, [[0, 0], [1, "a"], [2, 2]], [[0], [1], [2]]),
    *([[0, 0], [1, float("nan")], [2, 2]], [[0, 0], [1, 1], "ab"], {"a": 1}),
)


@pytest.mark.parametrize("corners", NO_CORNERS)
def test_what_is_no_region_is_told(desk: Desk, corners: object) -> None:
    with pytest.raises(UsageError, match="region"):
        desk.table.count(Question("", (("sky", corners),)))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="diagram"):
        desk.table.count(Question("", (("../sky", [[0, 0], [1, 1], [1, 0]]),)))


def test_a_diagram_counts_every_star_or_shows_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = desk.table.density(Question(), "sky")
    assert len(shown["points"]["x"]) == desk.table.total < MOST_POINTS
    monkeypatch.setattr("scope.desk.table.MOST_POINTS", 10)
    counted = desk.table.density(Question("mag < 19"), "sky")
    assert sum(counted["counts"][2::3]) == desk.table.count(Question("mag < 19"))


def test_the_selection_as_csv_and_ids(desk: Desk, frame: pd.DataFrame, tmp_path: Path) -> None:
    for kind, column in (("csv", "_id"), ("ids", "ztf_id")):
        text = b"".join(export_rows(desk.table, Question("mag < 18"), ["_id", "mag"], kind))
        (tmp_path / kind).write_bytes(text)
        found = pd.read_csv(tmp_path / kind)[column].tolist()
        assert found == frame["_id"][frame["mag"] < 18].tolist()


def test_the_selection_as_votable(desk: Desk, frame: pd.DataFrame, tmp_path: Path) -> None:
    from astropy.table import Table

    columns = ["_id", "mag", "class", "period"]
    content = b"".join(export_rows(desk.table, Question("mag < 18"), columns, "votable"))
    (tmp_path / "a.vot").write_bytes(content)
    found = Table.read(tmp_path / "a.vot")
    inside = frame[frame["mag"] < 18]
    assert found["_id"].tolist() == inside["_id"].tolist()
    assert str(found["mag"].unit) == "mag"
    period = np.ma.filled(np.ma.asarray(found["period"]).astype(float), np.nan)
    assert np.allclose(period, inside["period"], equal_nan=True)


def test_a_cell_is_no_formula_of_a_spreadsheet(tmp_path: Path) -> None:
    names = ["=cmd()", "+1", "-1", "@a", "\t=1", "plain", None, 'a,"b"\n<script>']
    rows = pa.table(
        {
            "target": ["t"] * 8,
            "row": np.arange(8),
            "_id": np.arange(8),
            "ra": np.zeros(8),
            "dec": np.zeros(8),
            "obj_id": pa.array(names, pa.string()),
        }
    )
    write_table(rows, tmp_path / "t.parquet", {})
    table = StarTable({"t": tmp_path / "t.parquet"})
    content = b"".join(export_rows(table, Question(), ["_id", "obj_id"], "csv"))
    (tmp_path / "a.csv").write_bytes(content)
    found = pd.read_csv(tmp_path / "a.csv")["obj_id"].tolist()
    assert found[:6] == ["'=cmd()", "'+1", "'-1", "'@a", "'\t=1", "plain"]
    assert found[7] == names[7]


def test_columns_without_a_value_are_not_shown_at_first(tmp_path: Path) -> None:
    results = invented(tmp_path, 60)
    path = results / "catalog" / "field_250.parquet"
    table = read_table(path)
    nothing = pa.nulls(len(table), pa.string())
    write_table(table.append_column("obj_id", nothing), path, read_metadata(path))
    about = Desk.open(results).about()
    assert "obj_id" not in about["first"]
    assert {"_id", "mag", "period", "reason"} <= set(about["first"])
    assert "obj_id" in {one["name"] for one in about["columns"]}, "it can be chosen all the same"


def test_the_table_is_made_again_when_products_change(tmp_path: Path) -> None:
    results = invented(tmp_path, 60)
    (target,) = find_targets(results)
    path = prepare_table(target, tmp_path)
    before = path.stat().st_mtime_ns
    assert prepare_table(target, tmp_path).stat().st_mtime_ns == before
    path.write_bytes(path.read_bytes()[:100])
    assert len(read_table(prepare_table(target, tmp_path))) == 60, "a truncated file is no table"
    catalog = read_table(target.catalog)
    write_table(catalog.slice(0, 30), target.catalog, read_metadata(target.catalog))
    assert len(read_table(prepare_table(target, tmp_path))) == 30


def test_a_folder_without_results_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no folder of results"):
        find_targets(tmp_path / "none")
    with pytest.raises(NotFoundError, match="nothing to look at"):
        find_targets(tmp_path)


def test_the_database_reads_the_products_only(desk: Desk) -> None:
    import duckdb

    for sql in (
        "SELECT * FROM read_text('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/desk_must_not_write.csv'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            desk.table.ask(sql)


@pytest.mark.parametrize("where", ["probabilities", "star_probabilities"])
def test_the_tree_of_classes_is_that_of_the_product(where: str) -> None:
    record = {where: {"tree": {"mine": None, "yours": "mine", "rrab": "yours"}}}
    tags = ["mine", "yours", "rrab", "rrc"]
    assert class_parents(tags, record) == {
        **{"mine": None, "yours": "mine", "rrab": "yours"},
        # What the product tells nothing of is as it ships: a kind of `rrlyr`, which is not there.
        "rrc": None,
    }
    assert leaf_classes(tags, record) == ["rrab", "rrc"]
    assert leaf_classes(["puls", "rrab", "rrlyr"], {}) == ["rrab"]
