"""What an archive holds and will take, counted in its files and measured with some of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.cli.main import main
from scope.config import load_config
from scope.errors import NotFoundError
from scope.features.compute_features import progress
from scope.targets.estimate import OTHER_RULES_SECONDS, measure_fields, measure_seconds
from tests.surveys.bulk_files import write_bulk


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Field 300 in two quadrants: three of five light curves have 50 epochs or more."""
    write_bulk(tmp_path / "a", [60, 70, 20], ccd=2, quad=3)
    write_bulk(tmp_path / "a", [90, 49], ccd=2, quad=1)
    return tmp_path / "a"


def test_rows_and_epochs_are_counted_by_field(archive: Path) -> None:
    (size,) = measure_fields(archive, min_epochs=50)
    assert (size.field, size.quadrants, size.light_curves, size.searched) == (300, 2, 5, 3)
    assert size.mean_epochs == pytest.approx((60 + 70 + 90) / 3)
    assert size.largest_quadrant == 3
    assert size.core_seconds(2.0) == pytest.approx(3 * 2.0 + 5 * OTHER_RULES_SECONDS)
    with pytest.raises(NotFoundError, match="301"):
        measure_fields(archive, min_epochs=50, fields=[301])


def test_light_curves_with_enough_epochs_are_measured(archive: Path) -> None:
    quick = {"feature_generation": {"period_search": {"max_freq": 1.0}}}
    config = load_config(overrides=quick)
    measured = measure_seconds(archive, config, light_curves=64)
    assert measured.light_curves == 3
    assert measured.seconds > 0
    assert measured.with_features == 1.0
    none = {"feature_generation": {"min_n_lc_points": 500}}
    with pytest.raises(NotFoundError, match="no light curve with enough epochs"):
        measure_seconds(archive, load_config(overrides=none), light_curves=4)


def test_the_command_prints_a_line_for_each_field_and_the_sum(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "quick.yaml"
    settings.write_text("feature_generation: {period_search: {max_freq: 1.0}}\n")
    asked = ["--config-path", str(settings), "--cores", "2", "--sample", "2"]
    assert main(["estimate", "--archive", str(archive), *asked]) == 0
    printed = capsys.readouterr().out
    (line,) = [line for line in printed.splitlines() if line.startswith("300 ")]
    assert line.split()[1:5] == ["2", "5", "3", "73"]
    assert "core hours" in printed
    assert "10.5 kB of products" in printed
    assert main(["estimate"]) == 2
    assert main(["estimate", "--archive", str(tmp_path / "none")]) == 2
    assert "no such archive folder" in capsys.readouterr().err


def test_progress_says_how_much_there_is_how_fast_it_goes_and_when_it_ends() -> None:
    assert progress(500, 5500, 10.0) == "500 of 5,500 rows, 50.0 per second, 0:01:40 left"
    assert progress(500, 200_000, 1000.0).endswith("0.5 per second, 110:50:00 left")
    assert progress(512, None, 10.0) == "512 rows done"
