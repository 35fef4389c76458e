"""The network rules on a stub of Kowalski, through the Snakefile that users run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scope.io import read_metadata, read_table
from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.documents import collections_of
from tests.surveys.kowalski_sky import simulate
from tests.workflow.conftest import Run

SOURCES = "results/sources/field_700/ccd_01_quad_1.parquet"
CURVES = "results/lightcurves/field_700/ccd_01_quad_1.parquet"
FEATURES = [f"results/features/field_700/ccd_01_quad_{quad}.parquet" for quad in (1, 2)]


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StubKowalski]:
    folder = simulate(tmp_path_factory.mktemp("sky") / "archive", n_stars=10)
    with StubKowalski(collections_of(folder)) as server:
        yield server


@pytest.fixture
def run(stub: StubKowalski, make_run: Callable[..., Run]) -> Run:
    stub.faults.clear()
    hosts = f"{{stub: {{host: 127.0.0.1, port: {stub.port}, protocol: http}}}}"
    section = f"kowalski={{hosts: {hosts}, units: [ccd_01_quad_1, ccd_01_quad_2]}}"
    quick = "feature_generation={min_n_lc_points: 20, period_search: {max_freq: 1.0}}"
    made = make_run("kowalski", config=["survey=kowalski", section, quick])
    made.environment = {"STUB_INSTANCE_TOKEN": stub.token()}
    return made


def test_a_field_comes_from_kowalski_and_its_light_curves_stay(
    run: Run, stub: StubKowalski, root: Path
) -> None:
    stub.faults.at_random(0.1)
    printed = run.snakemake("--", *FEATURES)
    assert "kowalski=1" in printed
    assert read_table(run.folder / FEATURES[0]).num_rows > 5
    # the sky has no second quadrant: all columns and no rows
    assert read_table(run.folder / FEATURES[1]).num_rows == 0
    assert (run.folder / CURVES).is_file()
    record = read_metadata(run.folder / FEATURES[0])
    assert record["data_release"] == "20240117"
    assert stub.most_under_way <= 2
    for path in run.folder.rglob("*"):
        if path.is_file():
            assert stub.token().encode() not in path.read_bytes(), path


def test_a_wrong_token_ends_the_run_with_one_line(run: Run) -> None:
    run.environment = {"STUB_INSTANCE_TOKEN": "eyJ.wrong.token"}
    printed = run.snakemake("--", SOURCES, status=1)
    assert "error: Kowalski (stub) does not accept our credentials: 'token is invalid'" in printed
    assert "Traceback" not in printed
    assert "eyJ.wrong.token" not in printed
    assert not (run.folder / SOURCES).exists()


def test_all_products_of_no_target_is_an_error_that_says_what_to_do(run: Run) -> None:
    assert "no target named" in run.snakemake("--dry-run", status=1)
    assert "fetch_sources" in run.snakemake("--dry-run", "--", SOURCES)
