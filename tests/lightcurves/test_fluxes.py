"""Fluxes as magnitudes, against astropy's AB magnitudes."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u

from scope.lightcurves.fluxes import JANSKY_PER_UNIT, magnitudes, zero_point

FLUX = np.array([1.0, 3.0, 250.0, 1e4, 3.63078e6])


@pytest.mark.parametrize("unit", JANSKY_PER_UNIT)
def test_magnitudes_are_those_of_the_ab_system(unit: str) -> None:
    expected = (FLUX * u.Unit(unit)).to_value(u.ABmag)
    mag, magerr = magnitudes(FLUX, 0.01 * FLUX, zero_point(unit))
    # AB zero is 3631 Jy here and 10^(-48.6/2.5) erg/s/cm2/Hz = 3630.78 Jy there: 0.0000655 mag
    np.testing.assert_allclose(mag, expected, rtol=0, atol=1e-4)
    # an error of one per cent is 2.5 / ln 10 / 100 of a magnitude
    np.testing.assert_allclose(magerr, 0.010857362047581296, rtol=1e-12)


def test_a_flux_that_is_not_positive_has_no_magnitude() -> None:
    flux = np.array([-5.0, 0.0, np.nan, 5.0])
    mag, magerr = magnitudes(flux, np.ones(4), 27.5)
    assert np.isnan(mag).tolist() == [True, True, True, False]
    assert np.isnan(magerr).tolist() == [True, True, True, False]
    assert mag[3] == pytest.approx(27.5 - 2.5 * np.log10(5.0))
