"""Colours, parallaxes and catalogue rows of simulated stars."""

from __future__ import annotations

import numpy as np
import pytest

from scope.surveys.simulation import external
from scope.surveys.simulation.mean_magnitudes import mean_photometry
from scope.surveys.simulation.simulated_star import Physique
from scope.surveys.simulation.sky_classes import CLASSES

HERE = (120.0, 20.0)


def _photometry(physique, r_mag=16.0, seed=0):
    return mean_photometry(np.random.default_rng(seed), physique, r_mag)


def _of_class(name, number):
    rng = np.random.default_rng(number)
    member = CLASSES[name]
    return mean_photometry(rng, member.draw(rng)[1], member.draw_r_mag(rng))


def test_the_sun_has_its_colours():
    # Willmer 2018, ApJS 236, 47: g - r 0.44 (PS1 0.41), r - i 0.14, BP - RP 0.82,
    # W1 - W2 0; G - W1 about 1.4.
    mags = _photometry(Physique(bp_rp=0.82, abs_mag=4.66, extinction_v=0.0, w1_w2=0.0)).mags
    assert mags["g"] - mags["r"] == pytest.approx(0.42, abs=0.05)
    assert mags["r"] - mags["i"] == pytest.approx(0.14, abs=0.05)
    assert mags["BP"] - mags["RP"] == pytest.approx(0.82, abs=0.01)
    assert mags["G"] - mags["W1"] == pytest.approx(1.4, abs=0.2)


def test_the_parallax_follows_from_the_distance_modulus():
    physique = Physique(bp_rp=0.82, abs_mag=4.66, extinction_v=0.0)
    photometry = _photometry(physique)
    modulus = photometry.mags["G"] - 4.66
    assert photometry.parallax_mas == pytest.approx(1000 / 10 ** (1 + modulus / 5))
    assert photometry.mags["r"] == pytest.approx(16.0)


def test_dust_reddens_and_brings_a_star_closer():
    clear, dusty = (
        _photometry(Physique(bp_rp=0.82, abs_mag=4.66, extinction_v=a_v)) for a_v in (0.0, 2.0)
    )
    assert dusty.parallax_mas > clear.parallax_mas
    # E(g-r) / A_V of Schlafly & Finkbeiner 2011.
    change = (dusty.mags["g"] - dusty.mags["r"]) - (clear.mags["g"] - clear.mags["r"])
    assert change == pytest.approx(2.0 * (1.157 - 0.828), abs=1e-9)


def test_classes_have_the_colours_and_luminosities_of_their_kind():
    quasars = [_of_class("AGN", k) for k in range(40)]
    giants = [_of_class("Mira", k) for k in range(40)]
    rr_lyrae = [_of_class("RRab", k) for k in range(40)]
    flare_stars = [_of_class("FLARE", k) for k in range(40)]
    # Stern et al. 2012: W1 - W2 > 0.8 for most quasars.
    assert np.mean([q.mags["W1"] - q.mags["W2"] > 0.8 for q in quasars]) > 0.8
    assert all(q.parallax_mas == 0 for q in quasars)
    assert np.median([m.mags["BP"] - m.mags["RP"] for m in giants]) > 3.0
    assert 0.4 < np.median([m.mags["BP"] - m.mags["RP"] for m in rr_lyrae]) < 0.9
    # M dwarfs of 17th magnitude are near, RR Lyrae stars are kiloparsecs away.
    assert np.median([m.parallax_mas for m in flare_stars]) > 2.0
    assert np.median([m.parallax_mas for m in rr_lyrae]) < 0.3


def test_gaia_parallaxes_scatter_by_their_errors_around_the_zero_point():
    photometry = _photometry(Physique(bp_rp=0.8, abs_mag=4.5), r_mag=17.0)
    rng = np.random.default_rng(3)
    rows = [external.gaia_row(rng, photometry, HERE, 0.0) for _ in range(400)]
    pulls = np.array(
        [
            (row["parallax"] - photometry.parallax_mas + 0.017) / row["parallax_error"]
            for row in rows
            if row is not None
        ]
    )
    assert len(pulls) > 350
    assert abs(pulls.mean()) < 0.2
    assert pulls.std() == pytest.approx(1.0, abs=0.12)


def test_faint_sources_are_missing_from_gaia_and_allwise():
    physique = Physique(bp_rp=0.5, abs_mag=4.5)
    rng = np.random.default_rng(4)
    bright, faint = _photometry(physique, 15.0), _photometry(physique, 21.6)
    for row in (external.gaia_row, external.allwise_row):
        found = [
            np.mean([row(rng, photometry, HERE, 0.0) is not None for _ in range(100)])
            for photometry in (bright, faint)
        ]
        assert found[0] > 0.9
        assert found[1] < 0.1


def test_allwise_gives_limits_without_errors_where_a_band_is_not_detected():
    photometry = _photometry(Physique(bp_rp=0.8, abs_mag=4.5), r_mag=16.0)
    rng = np.random.default_rng(5)
    row = None
    while row is None:
        row = external.allwise_row(rng, photometry, HERE, 0.0)
    assert row["w4sigmpro"] is None
    assert row["ph_qual"][3] == "U"
    assert row["ph_qual"][0] == "A"
    assert row["w1sigmpro"] < 0.11


def test_stars_that_saturate_have_no_pan_starrs_magnitudes():
    physique = Physique(bp_rp=0.8, abs_mag=4.5)
    rng = np.random.default_rng(6)
    bright = [external.panstarrs_row(rng, _photometry(physique, 13.0), HERE, 0.0) for _ in range(9)]
    assert all(row is None or row["rMeanPSFMag"] is None for row in bright)
