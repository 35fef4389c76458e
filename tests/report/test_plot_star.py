"""``scope plot``: pictures of single light curves, from files, an archive or results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from scope.cli.main import main
from scope.io import write_table
from scope.lightcurves import LightCurves
from scope.periods.options import PeriodOptions
from scope.report.plot_star import periodogram, plot_star
from scope.report.star_data import StarRow, curves_of_files, read_star_rows

PERIOD = 0.61803
OPTIONS = PeriodOptions(max_freq=10.0)
PNG = b"\x89PNG\r\n\x1a\n"
IDS = (686103400067717, 686103400106565)


def sine_curve(star: int = IDS[0], n: int = 120, seed: int = 3) -> LightCurves:
    """A sine wave of 0.3 mag with errors of 0.02 mag."""
    rng = np.random.default_rng(seed)
    time = 58300 + np.sort(rng.uniform(0, 60, n))
    mag = 16 + 0.3 * np.sin(2 * np.pi * time / PERIOD) + rng.normal(0, 0.02, n)
    return LightCurves(
        ids=np.array([star]),
        offsets=np.array([0, n]),
        time=time,
        mag=mag.astype(np.float32),
        magerr=np.full(n, 0.02, np.float32),
        time_zero_hjd=2400000.5,
    )


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of two light curves and a catalogue of one of them."""
    curves = LightCurves.concatenate([sine_curve(one) for one in IDS])
    write_table(curves.to_arrow(), tmp_path / "curves.parquet", {})
    catalog = {
        "_id": pa.array([IDS[0]]),
        "period": pa.array([PERIOD]),
        "filter": pa.array([2], pa.int8()),
        "reason": pa.array([None], pa.string()),
        "rrab_dnn": pa.array([0.9], pa.float32()),
        "rrab_xgb": pa.array([0.7], pa.float32()),
        "rrab_p": pa.array([0.2], pa.float32()),
        "ew_dnn": pa.array([0.4], pa.float32()),
        "ew_xgb": pa.array([None], pa.float32()),
        "ew_p": pa.array([0.3], pa.float32()),
    }
    write_table(pa.table(catalog), tmp_path / "results/catalog/field_1.parquet", {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def points(curve: LightCurves) -> tuple[npt.NDArray[np.float64], ...]:
    return curve.time, curve.mag.astype(np.float64), curve.magerr.astype(np.float64)


def test_the_periodogram_keeps_the_peak_of_a_sine_wave() -> None:
    frequency, power = periodogram(*points(sine_curve()), OPTIONS)
    assert np.all(np.diff(frequency) > 0)
    # A width of a peak is 1/60 d.
    assert frequency[np.argmax(power)] == pytest.approx(1 / PERIOD, abs=0.2 / 60)
    # Of a sine wave of variance 0.045 and noise of 0.0004, all but 1 part in 100 is explained.
    assert power.max() == pytest.approx(0.99, abs=0.01)


@pytest.mark.parametrize("n", [0, 2])
def test_too_few_points_have_no_periodogram(n: int) -> None:
    curve = sine_curve(n=n) if n else sine_curve(n=1)[0:0]
    assert not len(periodogram(*points(curve), OPTIONS)[0])


def test_equal_magnitudes_have_no_periodogram() -> None:
    time, mag, error = points(sine_curve())
    assert not len(periodogram(time, np.full_like(mag, 15.0), error, OPTIONS)[0])


def test_the_picture_folds_at_the_period_its_half_and_its_double() -> None:
    row = StarRow(PERIOD, 2, "V1", "", {"ew": {"dnn": 0.4, "xgb": np.nan, "p": 0.3}})
    figure = plot_star(sine_curve(), row, PERIOD, OPTIONS)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[0] == f"{IDS[0]}  ·  V1  ·  filter r  ·  120 epochs"
    assert titles[1:4] == ["P = 0.61803 d", "P/2 = 0.309015 d", "2P = 1.23606 d"]
    assert [axes.yaxis_inverted() for axes in figure.axes[:4]] == [True] * 4
    assert [text.get_text() for text in figure.axes[5].get_yticklabels()] == ["ew"]


def test_without_a_period_and_scores_there_is_a_picture_all_the_same() -> None:
    figure = plot_star(sine_curve(n=2), StarRow(), float("nan"), OPTIONS)
    assert len(figure.axes) == 5
    assert [text.get_text() for text in figure.axes[1].texts] == ["no period"]


def test_most_likely_classes_are_those_of_the_highest_probability(files: Path) -> None:
    row = read_star_rows([files / "results/catalog/field_1.parquet"], np.array(IDS))[IDS[0]]
    assert [*row.best(2)] == ["ew", "rrab"]
    assert [*row.best(1)] == ["ew"]
    assert (row.filter, row.period_days) == (2, PERIOD)


def test_a_light_curve_of_several_files_is_read_once(files: Path) -> None:
    found = curves_of_files(["curves.parquet", "curves.parquet"], np.array(IDS))
    assert found.ids.tolist() == sorted(IDS)
    assert np.array_equal(found[0:1].mag, sine_curve().mag)


def test_the_command_writes_each_format_and_says_where(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["plot", str(IDS[0]), "--light-curves", "curves.parquet", "--format", "png", "svg"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.split() == [f"plots/{IDS[0]}.png", f"plots/{IDS[0]}.svg"]
    assert (files / f"plots/{IDS[0]}.png").read_bytes().startswith(PNG)
    svg = (files / f"plots/{IDS[0]}.svg").read_bytes()
    assert main(arguments) == 0
    assert (files / f"plots/{IDS[0]}.svg").read_bytes() == svg


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["12", "--light-curves", "curves.parquet"], "no light curve of this id"),
        (["-5", "--light-curves", "curves.parquet"], "error"),
        (["1e5", "--light-curves", "curves.parquet"], "no id of a light curve"),
        ([str(2**63), "--light-curves", "curves.parquet"], "no id of a light curve"),
        (["12", "--light-curves", "nowhere.parquet"], "no such file"),
        (["12", "--light-curves", "results/catalog/field_1.parquet"], "file without light curves"),
        (["12"], "which survey"),
        (["12", "--output", "star.png"], "called as a picture"),
    ],
)
def test_what_cannot_be_drawn_is_an_error(
    files: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    try:
        status = main(["plot", *arguments])
    except SystemExit as stop:
        status = int(str(stop.code))
    assert status == 2
    assert said in capsys.readouterr().err
