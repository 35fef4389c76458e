"""Simulated light curves in memory: content, periods, determinism, likeness to real stars."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from scope.errors import InputError
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.surveys.simulation import CLASSES, TRUTH_SCHEMA, simulate_stars


def _fourier(time, mag, error, period, n_harmonics):
    """Amplitudes and phases (cosine series) of a weighted fit, without outliers."""
    angle = 2 * np.pi * time / period
    terms = [f(k * angle) for k in range(1, n_harmonics + 1) for f in (np.cos, np.sin)]
    design = np.stack([np.ones_like(time), *terms], axis=1)
    keep = np.ones(len(time), bool)
    for _ in range(3):
        weighted = design[keep] / error[keep, None]
        solution, *_ = np.linalg.lstsq(weighted, mag[keep] / error[keep], rcond=None)
        residual = np.abs(mag - design @ solution)
        keep = residual < 6 * np.median(residual[keep])
    cosine, sine = solution[1::2], solution[2::2]
    return np.hypot(cosine, sine), np.arctan2(-sine, cosine)


def _curves(lightcurves):
    for i in range(len(lightcurves)):
        points = slice(lightcurves.offsets[i], lightcurves.offsets[i + 1])
        yield (
            lightcurves.time[points],
            lightcurves.mag[points].astype(float),
            lightcurves.magerr[points].astype(float),
        )


def _simulated(name, n, n_harmonics, band="g"):
    """Fourier amplitudes and phases of well observed stars of a class, and their periods."""
    raw, truth = simulate_stars(name, n, 5, bands=band)
    cleaned, _ = clean(raw, CleaningOptions(min_epochs=1))
    results = []
    for (time, mag, error), row in zip(_curves(cleaned), truth.to_pylist(), strict=True):
        if len(time) > 80 and row["mean_mag"] < 18:
            results.append(_fourier(time, mag, error, row["period_days"], n_harmonics))
    return np.array(results)


def _real(real_data, survey, name, n, n_harmonics, band=None, min_epochs=40):
    folder = real_data / "light_curves" / survey
    labels = pq.read_table(folder / "labels.parquet").to_pandas()
    labels = labels[(labels["class"] == name) & (labels.period_days > 0)]
    labels = (labels if band is None else labels[labels.band == band]).head(n)
    period = dict(zip(labels.objectid, labels.period_days, strict=True))
    table = pq.read_table(
        folder / "lightcurves.parquet",
        columns=["objectid", "hmjd", "mag", "magerr"],
        filters=[("objectid", "in", list(period))],
    ).to_pandas()
    results = []
    for row in table.itertuples():
        time, mag, error = (np.asarray(v, float) for v in (row.hmjd, row.mag, row.magerr))
        good = np.isfinite(mag) & (error > 0)
        if good.sum() >= min_epochs:
            error = np.maximum(error[good], 0.01)
            results.append(
                _fourier(time[good], mag[good], error, period[row.objectid], n_harmonics)
            )
    return np.array(results)


def _ratio(results, k):
    return results[:, 0, k - 1] / results[:, 0, 0]


def _phase(results, k):
    """phi_k1, turned so that the middle of the sample is far from the jump at 2 pi."""
    return np.mod(results[:, 1, k - 1] - k * results[:, 1, 0], 2 * np.pi)


@pytest.mark.real
def test_rr_lyrae_have_the_fourier_parameters_of_real_ones_in_g(real_data):
    # Stripe 82, labels and periods of Sesar et al. 2010.
    for name, phases in (("RRab", (2, 3)), ("RRc", (2,))):
        mine = _simulated(name, 60, 4)
        real = _real(real_data, "s82_rrlyr", name, 100, 4, band="g")
        assert len(mine) > 20
        assert len(real) > 50
        assert np.median(mine[:, 0, 0]) == pytest.approx(np.median(real[:, 0, 0]), rel=0.2)
        for k in (2, 3):
            difference = np.median(_ratio(mine, k)) - np.median(_ratio(real, k))
            assert abs(difference) < 0.06, (name, k)
        for k in phases:
            difference = np.median(_phase(mine, k)) - np.median(_phase(real, k))
            assert abs(difference) < 0.2, (name, k)


@pytest.mark.real
def test_eclipsing_binaries_have_the_harmonics_of_real_ones(real_data):
    # ASAS catalogue of variable stars, V; the ratio of the fourth to the second harmonic
    # tells contact from detached (Rucinski 1993).
    medians = {}
    for name in ("EW", "EB", "EA"):
        mine = _simulated(name, 60, 8, band="r")
        real = _real(real_data, "asas_acvs", name, 100, 8, min_epochs=100)
        ratios = [r[:, 0, 3] / r[:, 0, 1] for r in (mine, real)]
        medians[name] = np.median(ratios[0])
        assert medians[name] == pytest.approx(np.median(ratios[1]), abs=0.1), name
    assert medians["EW"] < medians["EB"] < medians["EA"]


def test_every_class_gives_light_curves_with_finite_values_and_positive_errors():
    lightcurves, truth = simulate_stars(list(CLASSES), 2 * len(CLASSES), 3)
    assert set(truth.column("class").to_pylist()) >= set(CLASSES) - {"SPURIOUS"}
    assert np.all(np.isfinite(lightcurves.mag))
    assert np.all(lightcurves.magerr > 0)
    assert lightcurves.mag.dtype == np.float32
    assert lightcurves.time.dtype == np.float64
    for time, _, _ in _curves(lightcurves):
        assert np.all(np.diff(time) >= 0)


def test_the_truth_has_a_row_per_light_curve_in_its_order():
    lightcurves, truth = simulate_stars("sky", 60, 4)
    assert truth.schema.equals(TRUTH_SCHEMA)
    assert truth.column("objectid").to_pylist() == lightcurves.ids.tolist()
    assert truth.column("n_listed").to_pylist() == lightcurves.n_epochs.tolist()
    for row, (_, mag, _) in zip(truth.to_pylist(), _curves(lightcurves), strict=True):
        if row["class"] == "CONST" and len(mag) > 20:
            assert np.median(mag) == pytest.approx(row["mean_mag"], abs=0.15)
            assert row["amplitude_mag"] == 0.0


def test_the_truth_says_how_the_variation_stands_out():
    """A variance is at most a quarter of the squared range (Popoviciu 1935)."""
    _, truth = simulate_stars(["CONST", "RRab", "EA"], 90, 5)
    for row in truth.to_pylist():
        most = row["n_listed"] * row["snr"] ** 2 / 4
        if row["class"] == "CONST" or row["n_listed"] < 2:
            assert row["visibility"] == pytest.approx(0.0, abs=1e-9)
        else:
            # Errors differ between the brightest and the faintest magnitude.
            assert 0.01 * most < row["visibility"] < 2.0 * most


def test_bands_of_a_star_share_its_source_and_its_period():
    _, truth = simulate_stars("RRab", 5, 6)
    table = truth.to_pandas()
    assert (table.groupby("sourceid").filterid.nunique() == 2).all()
    assert (table.groupby("sourceid").period_days.nunique() == 1).all()
    wide = table.pivot(index="sourceid", columns="filterid", values="amplitude_mag")
    assert (wide[1] > wide[2]).all()


def test_periodic_stars_repeat_with_their_period():
    # Lafler & Kinman 1965: phased by the true period, neighbours differ little.
    names = ["RRab", "RRc", "DCEP-F", "BLHER", "HADS", "EW", "EB", "HWVIR", "ELL"]
    raw, truth = simulate_stars(names, 2 * len(names), 8, bands="r")
    cleaned, _ = clean(raw, CleaningOptions(min_epochs=1))
    rng = np.random.default_rng(0)
    tested = 0
    for (time, mag, _), row in zip(_curves(cleaned), truth.to_pylist(), strict=True):
        if len(time) < 80 or row["snr"] < 8:
            continue
        tested += 1
        folded = mag[np.argsort((time / row["period_days"]) % 1)]
        theta = np.median(np.abs(np.diff(folded)))
        shuffled = np.median(np.abs(np.diff(rng.permutation(mag))))
        assert theta < 0.6 * shuffled, row["class"]
    assert tested > 10


def test_classes_without_a_period_have_none_in_the_truth():
    _, truth = simulate_stars(["AGN", "CV", "CONST", "FLARE", "TREND"], 10, 2)
    assert truth.column("period_days").null_count == truth.num_rows
    _, truth = simulate_stars(["EA", "RRab"], 6, 2)
    table = truth.to_pandas()
    assert table.period_days.notna().all()
    assert table[table["class"] == "EA"].eclipse_width_phase.between(0.005, 0.3).all()
    assert table[table["class"] == "RRab"].eclipse_width_phase.isna().all()


def test_the_same_seed_gives_the_same_stars_and_more_stars_begin_with_them():
    few, truth_few = simulate_stars("balanced", 12, 9)
    again, _ = simulate_stars("balanced", 12, 9)
    more, truth_more = simulate_stars("balanced", 25, 9)
    other, _ = simulate_stars("balanced", 12, 10)
    np.testing.assert_array_equal(few.mag, again.mag)
    np.testing.assert_array_equal(few.mag, more[: len(few)].mag)
    assert truth_few.equals(truth_more.slice(0, truth_few.num_rows))
    assert not np.array_equal(few.mag, other.mag)


def test_stars_do_not_depend_on_the_classes_of_others():
    mixed, truth = simulate_stars(["CONST", "RRab"], 2, 4, bands="r")
    alone, _ = simulate_stars(["AGN", "RRab"], 2, 4, bands="r")
    assert truth.column("class").to_pylist() == ["CONST", "RRab"]
    np.testing.assert_array_equal(mixed[1:2].mag, alone[1:2].mag)


def test_impossible_requests_are_refused():
    with pytest.raises(InputError, match="simulated class"):
        simulate_stars("RRx", 3, 1)
    with pytest.raises(InputError, match="number of stars"):
        simulate_stars("sky", 0, 1)
