"""What goes wrong ends in one clear message, and leaves no partial product."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.quadrants import write_small_quadrant
from tests.workflow.conftest import Run

SMALL = ("feature_generation={period_search: {max_freq: 2.0}}",)


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with three quadrants of field 600."""
    folder = tmp_path_factory.mktemp("sky")
    for quad in (1, 2, 3):
        write_small_quadrant(folder / f"quad_{quad}", field=600, quad=quad, seed=quad)
    return folder


@pytest.fixture
def archive(sky: Path, tmp_path: Path) -> Path:
    """A copy of that archive to spoil."""
    return shutil.copytree(sky, tmp_path / "archive")


def _file(archive: Path, quad: int) -> Path:
    return next(archive.glob(f"quad_{quad}/ztf_000600_zr_c01_q{quad}_dr*.parquet"))


def _run(make_run: Callable[..., Run], archive: Path, *config: str) -> Run:
    return make_run("bad", config=[f"archive={archive}", *SMALL, *config])


def _features(quad: int) -> str:
    return f"results/features/field_600/ccd_01_quad_{quad}.parquet"


def test_an_unknown_field_names_those_that_exist(
    make_run: Callable[..., Run], archive: Path
) -> None:
    printed = _run(make_run, archive).snakemake("results/preds_xgb/field_999.parquet", status=1)
    assert "error: " in printed
    assert "999" in printed
    assert "600" in printed


def test_an_unknown_file_name_is_no_target(make_run: Callable[..., Run], archive: Path) -> None:
    printed = _run(make_run, archive).snakemake("results/preds_svm/field_600.parquet", status=1)
    assert "MissingRuleException" in printed
    assert "did you mean results/preds_xgb/field_600.parquet" in printed


def test_one_bad_quadrant_stops_neither_the_others_nor_its_name(
    make_run: Callable[..., Run], archive: Path
) -> None:
    bad = _file(archive, 2)
    bad.write_bytes(bad.read_bytes()[:2000])
    run = _run(make_run, archive)
    printed = run.snakemake("results/preds_xgb/field_600.parquet", status=1)
    assert "ccd_01_quad_2" in printed
    assert (run.folder / _features(1)).exists()
    assert (run.folder / _features(3)).exists()
    assert not (run.folder / _features(2)).exists()
    assert not (run.folder / "results/preds_xgb/field_600.parquet").exists()
    log = (run.folder / "logs/fetch_sources/field_600/ccd_01_quad_2.log").read_text()
    assert log.count("error: ") == 1
    assert bad.name in log


def _without_column(table: pa.Table) -> pa.Table:
    return table.drop_columns(["magerr"])


def _with_duplicate(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table, table.slice(0, 1)])


def _with_foreign_field(table: pa.Table) -> pa.Table:
    other = pc.add(table["fieldid"], pa.scalar(1, table["fieldid"].type))
    return table.set_column(table.schema.get_field_index("fieldid"), "fieldid", other)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (_without_column, "magerr"),
        (_with_duplicate, "twice|duplicate"),
        (_with_foreign_field, "field"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_fault(
    make_run: Callable[..., Run],
    archive: Path,
    spoil: Callable[[pa.Table], pa.Table],
    word: str,
) -> None:
    path = _file(archive, 1)
    pq.write_table(spoil(pq.read_table(path)), path)
    run = _run(make_run, archive)
    printed = run.snakemake(_features(1), status=1)
    errors = [line for line in printed.splitlines() if line.strip().startswith("error: ")]
    assert errors
    assert any(part in errors[0] for part in word.split("|"))
    assert path.name in errors[0]
    assert not list((run.folder / "results").rglob("*.tmp"))
    assert not (run.folder / _features(1)).exists()


def test_nan_and_unsorted_times_change_no_feature(
    make_run: Callable[..., Run], archive: Path
) -> None:
    clean = _run(make_run, archive)
    clean.snakemake(_features(1))
    path = _file(archive, 1)
    table = pq.read_table(path)
    for name, extra in (("hmjd", float("nan")), ("mag", 15.0), ("magerr", 0.1), ("catflags", 0)):
        reversed_lists = [[*reversed(row), extra] for row in table[name].to_pylist()]
        column = pa.array(reversed_lists, table.schema.field(name).type)
        table = table.set_column(table.schema.get_field_index(name), name, column)
    pq.write_table(table, path)
    spoilt = _run(make_run, archive)
    spoilt.snakemake(_features(1))
    first, second = (pq.read_table(run.folder / _features(1)) for run in (clean, spoilt))
    assert first.num_rows == 12
    assert first.drop_columns(["n_epochs"]).equals(second.drop_columns(["n_epochs"]))


def test_an_empty_quadrant_gives_a_product_with_all_columns_and_no_rows(
    make_run: Callable[..., Run], archive: Path
) -> None:
    for path in archive.glob("quad_1/ztf_*.parquet"):
        pq.write_table(pq.read_table(path).slice(0, 0), path)
    run = _run(make_run, archive)
    run.snakemake(_features(1), _features(2))
    empty, full = (pq.read_table(run.folder / _features(quad)) for quad in (1, 2))
    assert empty.num_rows == 0
    assert full.num_rows == 12
    assert empty.schema.equals(full.schema)


def test_a_typo_in_the_configuration_names_the_key_that_was_meant(
    make_run: Callable[..., Run], archive: Path
) -> None:
    run = _run(make_run, archive, "inferrence={classes_per_job: one}")
    printed = run.snakemake("-n", status=1)
    assert "inferrence" in printed
    assert "inference" in printed.replace("inferrence", "")


def test_a_model_file_that_was_changed_is_refused(
    make_run: Callable[..., Run], archive: Path, root: Path
) -> None:
    run = _run(make_run, archive)
    bundle = shutil.copytree(root / "models/xgb/starter", run.folder / "models/xgb/starter")
    model = bundle / "vnv.ubj"
    model.write_bytes(model.read_bytes()[:-1])
    printed = run.snakemake("results/preds_xgb/field_600.parquet", status=1)
    assert "vnv.ubj" in printed
    assert not (run.folder / "results/preds_xgb/field_600.parquet").exists()


def test_models_that_need_features_which_are_not_computed_are_refused(
    make_run: Callable[..., Run], archive: Path
) -> None:
    run = _run(
        make_run,
        archive,
        "features={info: {period_suffix: ELS_ECE_EAOV}}",
    )
    run.config[1] = (
        "feature_generation={period_algorithms: [ELS_ECE_EAOV], period_search: {max_freq: 2.0}}"
    )
    printed = run.snakemake("results/preds_xgb/field_600.parquet", status=1)
    assert "error: " in printed
    assert "LS_BIC" in printed
    assert not (run.folder / "results/preds_xgb/field_600.parquet").exists()


def test_every_message_of_a_failed_rule_is_in_its_log(
    make_run: Callable[..., Run], archive: Path
) -> None:
    path = _file(archive, 1)
    path.write_bytes(b"PAR1 but nothing else")
    run = _run(make_run, archive)
    run.snakemake(_features(1), status=1)
    log = run.folder / "logs/fetch_sources/field_600/ccd_01_quad_1.log"
    assert "error: " in log.read_text()
    assert json.dumps(str(path))[1:-1] in log.read_text()
