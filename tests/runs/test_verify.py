"""Damage that is done to products by hand is found; what is whole is not complained of."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.cli.main import main
from scope.io import read_table, write_table
from scope.provenance import record
from scope.runs.verify import remove_damaged, verify_target
from scope.schema import SOURCES, arrow_schema

TARGET = "field_7"
UNITS = {"ccd_01_quad_1": range(0, 3000, 2), "ccd_01_quad_2": range(1, 3000, 2)}

WHOLE = {
    "gathered/abc": "gathered",
    "scores_xgb/field_7/starter": "scores",
    "preds_xgb": "preds",
    "catalog": "catalog",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with products of two units, and of another target beside them."""
    folder = tmp_path_factory.mktemp("made")
    for unit, ids in UNITS.items():
        _sources(folder / f"results/sources/{TARGET}/{unit}.parquet", ids)
        for stage in ("crossmatch", "features", "imputed"):
            below = f"imputed/abc/{TARGET}" if stage == "imputed" else f"{stage}/{TARGET}"
            _product(folder / f"results/{below}/{unit}.parquet", stage, ids)
    every = sorted(set().union(*UNITS.values()))
    for below, stage in WHOLE.items():
        name = "all" if stage == "scores" else TARGET
        _product(folder / f"results/{below}/{name}.parquet", stage, every)
    (folder / "results/report").mkdir()
    (folder / f"results/report/{TARGET}.html").write_text("page")
    (folder / f"results/preds_xgb/{TARGET}.csv").write_text("_id\n")
    _product(folder / "results/preds_xgb/field_77.parquet", "preds", [1, 2])
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(made, tmp_path / "run"))


def _sources(path: Path, ids: range) -> None:
    schema = arrow_schema(SOURCES)
    columns = {
        name: pa.nulls(len(ids), schema.field(name).type) if name != "_id" else pa.array(ids)
        for name in schema.names
    }
    filled = {
        name: columns[name].fill_null(0.0) if name in ("ra", "dec") else columns[name]
        for name in columns
    }
    write_table(pa.table(filled), path, metadata=record("sources"))


def _product(path: Path, stage: str, ids: object) -> None:
    ids = np.asarray(ids)
    table = pa.table({"_id": ids, "value": np.sqrt(ids.astype(float))})
    write_table(table, path, metadata=record(stage))


def _features(run: Path, quad: int = 1) -> Path:
    return run / f"results/features/{TARGET}/ccd_01_quad_{quad}.parquet"


def test_whole_products_are_counted(made: Path) -> None:
    check = verify_target(TARGET, made)
    # 4 stages of 2 units, and 4 files of the target; 2 x 1500 ids.
    assert (check.files, check.rows, check.faults) == (12, 3000, {})


@pytest.mark.parametrize(
    "path",
    [
        f"features/{TARGET}/ccd_01_quad_1.parquet",
        f"scores_xgb/{TARGET}/starter/all.parquet",
        f"catalog/{TARGET}.parquet",
    ],
)
@pytest.mark.parametrize("damage", ["cut", "foreign", "empty", "bit"])
def test_damaged_bytes_are_found(run: Path, path: str, damage: str) -> None:
    product = run / "results" / path
    content = bytearray(product.read_bytes())
    if damage == "bit":
        # In the data of a page: they begin after the magic number and the page's header.
        content[500] ^= 1
    spoilt = {"cut": content[:-1], "foreign": b"not a table", "empty": b"", "bit": content}
    product.write_bytes(bytes(spoilt[damage]))
    check = verify_target(TARGET, run)
    assert list(check.faults) == [product]
    assert str(product) in check.faults[product]


def test_missing_and_surplus_rows_are_found(run: Path) -> None:
    table = read_table(_features(run))
    write_table(table.slice(1), _features(run), metadata=record("features"))
    _product(run / f"results/preds_xgb/{TARGET}.parquet", "preds", range(3001))
    faults = verify_target(TARGET, run).faults
    assert set(faults) == {_features(run), run / f"results/preds_xgb/{TARGET}.parquet"}
    assert "1500 rows, the ids of the sources" in faults[_features(run)]


def test_right_numbers_of_wrong_rows_are_found(run: Path) -> None:
    _product(_features(run), "features", UNITS["ccd_01_quad_2"])
    assert list(verify_target(TARGET, run).faults) == [_features(run)]


def test_a_product_of_another_stage_is_found(run: Path) -> None:
    _product(_features(run), "crossmatch", UNITS["ccd_01_quad_1"])
    (fault,) = verify_target(TARGET, run).faults.values()
    assert fault.startswith("product of another stage")


def test_a_file_with_other_columns_than_its_neighbours_is_found(run: Path) -> None:
    table = read_table(_features(run, 2)).rename_columns(["_id", "other"])
    write_table(table, _features(run, 2), metadata=record("features"))
    (fault,) = verify_target(TARGET, run).faults.values()
    assert fault.startswith("product whose columns differ")


def test_damaged_sources_do_not_put_the_blame_on_others(run: Path) -> None:
    sources = run / f"results/sources/{TARGET}/ccd_01_quad_2.parquet"
    sources.write_bytes(b"")
    assert list(verify_target(TARGET, run).faults) == [sources]


def test_removing_takes_the_damaged_product_and_what_was_made_of_it(run: Path) -> None:
    _features(run).write_bytes(b"")
    removed = remove_damaged(verify_target(TARGET, run), TARGET, run)
    assert {str(path.relative_to(run / "results")) for path in removed} == {
        f"features/{TARGET}/ccd_01_quad_1.parquet",
        f"imputed/abc/{TARGET}/ccd_01_quad_1.parquet",
        f"gathered/abc/{TARGET}.parquet",
        f"scores_xgb/{TARGET}/starter/all.parquet",
        f"preds_xgb/{TARGET}.parquet",
        f"preds_xgb/{TARGET}.csv",
        f"catalog/{TARGET}.parquet",
        f"report/{TARGET}.html",
    }
    assert not any(path.exists() for path in removed)
    assert (run / "results/preds_xgb/field_77.parquet").exists()
    assert verify_target(TARGET, run).faults == {}


def test_the_command_says_what_is_damaged_and_what_to_do(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["verify", TARGET, "--directory", str(run)]
    assert main(argv) == 0
    assert "12 products of 3,000 light curves are whole" in capsys.readouterr().out
    _features(run).write_bytes(b"")
    assert main(argv) == 2
    printed = capsys.readouterr()
    assert str(_features(run)) in printed.out
    assert "1 of 12 products are damaged" in printed.err
    assert main([*argv, "--remove"]) == 0
    assert f"removed {_features(run)}" in capsys.readouterr().out
    assert main(argv) == 0
    assert main(["verify", "field_8", "--directory", str(run)]) == 2


@pytest.mark.parametrize("typed", ["field_8", "Field_7", "fild_7", "field-7"])
def test_a_mistyped_target_is_answered_with_the_nearest(made: Path, capsys, typed: str) -> None:
    assert main(["verify", typed, "--directory", str(made)]) == 2
    said = capsys.readouterr().err
    assert said.count("error: ") == 1
    assert "did you mean" in said
    assert TARGET in said
    assert main(["verify", typed, "--directory", str(made / "nowhere")]) == 2
    assert "name the run's folder" in capsys.readouterr().err
