"""Simulated stars and their subtraction, against integrals and against what was put in."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad

from scope.tasks.stamps.simulation.detector import draw_chip
from scope.tasks.stamps.simulation.image_sky import draw_sky
from scope.tasks.stamps.simulation.night import take_image
from scope.tasks.stamps.simulation.optics import Psf, add_points
from scope.tasks.stamps.simulation.options import NightOptions
from scope.tasks.stamps.simulation.subtract import matched_template

SIZE = 160


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.5, 0.5), (0.2, -0.4)])
def test_a_pixel_holds_the_integral_of_the_profile(place):
    """Moffat's profile as in his paper (1969, A&A 3, 455), integrated by scipy."""
    fwhm, beta = 1.7, 3.0
    width = fwhm / (2 * np.sqrt(2 ** (1 / beta) - 1))

    def density(y, x):
        return (beta - 1) / (np.pi * width**2) * (1 + (x * x + y * y) / width**2) ** -beta

    x, y = place
    expected = dblquad(density, x - 0.5, x + 0.5, y - 0.5, y + 0.5)[0]
    found = Psf(fwhm).at(np.array([[x]]), np.array([[y]]))
    assert found.shape == (1, 1)
    assert found[0, 0] == pytest.approx(expected, rel=5e-3)


def test_a_star_is_as_bright_wherever_in_its_pixel_it_stands():
    sums = []
    for shift in (0.0, 0.25, 0.5):
        image = np.zeros((41, 41))
        add_points(image, [20 + shift], [20 - shift], [1e5], Psf(1.7))
        sums.append(image.sum())
    assert np.ptp(sums) < 1e-3 * np.mean(sums)


def star_field(rng, n=40):
    """Stars on a template and, with wider images and 0.8 of the light, on an exposure."""
    x, y = rng.uniform(20, SIZE - 20, (2, n))
    flux = 10 ** rng.uniform(3.2, 4.5, n)
    template, science = np.zeros((2, SIZE, SIZE))
    add_points(template, x, y, flux, Psf(2.0))
    add_points(science, x + 0.1, y, 0.8 * flux, Psf(2.9, 0.05, 0.4))
    order = np.argsort(-flux)
    return template, science + rng.normal(0, 10, science.shape), x[order], y[order], flux[order]


def light_left(difference, x, y):
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return np.array(
        [difference[np.hypot(columns - a, rows - b) < 6].sum() for a, b in zip(x, y, strict=True)]
    )


def test_stars_that_do_not_vary_vanish_whatever_others_do():
    """One star doubles, one fades to nothing, a minor planet and a bad column are there."""
    template, science, x, y, flux = star_field(np.random.default_rng(3))
    before = science - matched_template(science, template, x, y, 0.8)
    psf = Psf(2.9, 0.05, 0.4)
    add_points(science, x[[1, 4]] + 0.1, y[[1, 4]], 0.8 * flux[[1, 4]] * [1, -1], psf)
    add_points(science, [x[2] + 9], [y[2]], [2e4], psf)
    science[60:, 70] += 300.0
    after = science - matched_template(science, template, x, y, 0.8)
    clear = np.hypot(x - x[2] - 9, y - y[2]) > 16
    clear &= np.abs(x - 70) > 8
    for star in (1, 4):
        others = np.arange(len(x)) != star
        clear &= ~others | (np.hypot(x - x[star], y - y[star]) > 16)
    constant = clear & ~np.isin(np.arange(len(x)), [1, 4])
    for difference, stars in ((before, np.arange(10)), (after, np.flatnonzero(constant)[:10])):
        left = light_left(difference, x[stars], y[stars]) / (0.8 * flux[stars])
        assert np.abs(left).max() < 0.05
    changed = light_left(after, x[[1, 4]] + 0.1, y[[1, 4]]) / (0.8 * flux[[1, 4]])
    assert changed == pytest.approx([1, -1], abs=0.05)


@pytest.mark.parametrize("scale", [0.8, 0.9])
def test_the_kernel_has_the_sum_that_is_given(scale):
    """Also where the stars say another: the light of the template times the scale comes out."""
    template, science = np.zeros((2, SIZE, SIZE))
    middle = np.array([SIZE / 2])
    add_points(template, middle, middle, np.array([2e4]), Psf(2.0))
    add_points(science, middle, middle, np.array([1.6e4]), Psf(2.9))
    template += 1e-9  # Exactly zero is where there is no template.
    matched = matched_template(science, template, middle, middle, scale)
    assert (matched - matched[0, 0]).sum() == pytest.approx(scale * template.sum(), rel=1e-3)


def test_nothing_is_left_of_constant_stars_of_a_night():
    """Their flux is known; what is left in 6 px is below some per cent of it, and not one sided."""
    options = NightOptions(n_images=1, size=256, seed=31, variable_stars=0.3)
    left = []
    for number in range(8):
        rng = np.random.default_rng([31, 1, number])
        sky = draw_sky(rng, options)
        image = take_image(sky, draw_chip(np.random.default_rng(number), 256), options, rng)
        magnitude = sky.stars[:, 2]
        usable = ~sky.varies & (magnitude > 14.3) & (magnitude < 17)
        usable &= (np.abs(sky.stars[:, :2] - 128) < 105).all(axis=1)
        rows, columns = np.mgrid[:256, :256]
        for x, y, mag, _ in sky.stars[usable]:
            there = np.hypot(columns - x, rows - y) < 6
            background = np.median(image.difference)
            light = (image.difference[there] - background).sum()
            left.append(light / 10 ** (-0.4 * (mag - options.zero_point)))
    assert len(left) > 10
    assert np.median(np.abs(left)) < 0.04
    assert abs(np.median(left)) < 0.02
