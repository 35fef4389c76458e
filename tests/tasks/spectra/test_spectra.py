"""Files, truths, targets and redshifts of spectra."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from scope.errors import (
    CorruptFileError,
    DuplicateIdError,
    InputError,
    MissingColumnError,
    NotFoundError,
)
from scope.models.spectra.quasar_net_examples import box_targets
from scope.models.spectra.wavelength_grid import LINES, LOG_GRID, REST_ANGSTROM
from scope.tasks.spectra.decode import decode
from scope.tasks.spectra.rebin import Camera, Flag, combine, normalise, rebin
from scope.tasks.spectra.spectrum_files import read_all, read_spectra, tree_files
from scope.tasks.spectra.truth import read_truth


def test_a_bin_holds_the_weighted_sum_of_its_pixels():
    wave = np.array([3601.0, 3602.0, 3700.0, 3599.0, 20000.0])
    flux = np.array([[1.0, 3.0, 5.0, 100.0, 100.0]])
    ivar = np.array([[1.0, 3.0, 2.0, 1.0, 1.0]])
    found = rebin(Camera(flux, ivar, wave), LOG_GRID)
    assert found.weighted_flux[0, 0] == 10.0
    assert found.weight[0, 0] == 4.0
    # log10(3700 / 3600) = 0.0119
    assert found.weighted_flux[0, 11] == 10.0
    assert found.weight.sum() == 6.0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_pixel_without_weight_counts_for_nothing_whatever_it_holds(bad):
    wave = np.array([3601.0, 3602.0])
    found = rebin(Camera(np.array([[1.0, bad]]), np.array([[1.0, 0.0]]), wave), LOG_GRID)
    assert found.weighted_flux[0, 0] == 1.0
    found = rebin(Camera(np.array([[1.0, bad]]), np.array([[1.0, 2.0]]), wave), LOG_GRID)
    assert (found.weighted_flux[0, 0], found.weight[0, 0]) == (1.0, 1.0)


def test_dead_cameras_and_spectra_without_weight_are_flagged_and_kept():
    wave = {"B": np.arange(3700, 3800.0), "R": np.arange(6000, 6100.0)}
    rng = np.random.default_rng(0)
    ivar = np.ones((3, 100))
    ivar[1:] = 0
    other = np.ones((3, 100))
    other[2] = 0
    cameras = {
        "B": Camera(rng.normal(size=(3, 100)), ivar, wave["B"]),
        "R": Camera(rng.normal(size=(3, 100)), other, wave["R"]),
    }
    flux, weight, flags = combine(cameras, LOG_GRID)
    x, flags = normalise(flux, weight, flags)
    assert flags.tolist() == [0, Flag.DEAD_B, Flag.DEAD_B | Flag.DEAD_R | Flag.NO_WEIGHT]
    assert (x[2] == 0).all()
    np.testing.assert_allclose((x[:2] * weight[:2]).sum(axis=1), 0, atol=1e-4)


def test_a_constant_spectrum_has_no_flux_to_look_at():
    wave = np.arange(3600, 9800.0)
    camera = Camera(np.zeros((1, len(wave))), np.ones((1, len(wave))), wave)
    x, flags = normalise(*combine({"all": camera}, LOG_GRID))
    assert flags.tolist() == [Flag.NO_FLUX]
    assert (x == 0).all()


def test_a_target_is_decoded_to_its_redshift():
    """What `box_targets` writes, `decode` reads: within the interpolation between lower ends."""
    z = np.array([0.2, 0.9, 1.7, 2.5, 3.9])
    box, offset = box_targets(z, np.ones(5, bool), LOG_GRID, LINES, 13)
    output = np.concatenate([np.concatenate([box, offset], axis=2), np.zeros((5, 1, 26))], axis=1)
    lines = decode(output, LOG_GRID)
    for at, name in enumerate(LINES):
        seen = lines.confidence[at] > 0
        observed = REST_ANGSTROM[name] * (1 + z)
        np.testing.assert_array_equal(seen, (observed >= 3600) & (observed < 9983))
        np.testing.assert_allclose(lines.z[at][seen], z[seen], atol=1e-5)
    half = (lines.z_best_centre + 1) / (lines.z_best + 1)
    np.testing.assert_allclose(half, 10**0.0005, atol=1e-5)


def test_no_quasar_has_no_box():
    box, offset = box_targets(np.array([2.5]), np.array([False]), LOG_GRID, LINES, 13)
    assert not box.any()
    assert not offset.any()


def test_pieces_are_the_whole_file(survey):
    whole = read_all(survey / "combined.fits")
    parts = list(read_spectra(survey / "combined.fits", rows=7))
    np.testing.assert_array_equal(np.concatenate([part.x for part in parts]), whole.x)
    assert whole.tileid.tolist() == [1000] * 50 + [1001] * 30


def test_the_tree_has_tiles_and_exposures(survey):
    found = tree_files(survey)
    assert [(tile, exposure) for tile, exposure, _ in found] == [
        (1000, 10000),
        (1000, 10001),
        (1001, 10100),
        (1001, 10101),
    ]
    with pytest.raises(NotFoundError, match="coadd"):
        tree_files(survey / "1000")


def _write(path, *parts):
    fits.HDUList([fits.PrimaryHDU(parts[0]), *parts[1:]]).writeto(path)


def test_sdss_and_stacked_files_are_read(tmp_path):
    rng = np.random.default_rng(1)
    loglam = 3.58 + 1e-4 * np.arange(4000)
    flux, ivar = rng.normal(5, 1, 4000), rng.uniform(0.5, 2, 4000)
    columns = [
        fits.Column(n, "D", array=a)
        for n, a in (("flux", flux), ("loglam", loglam), ("ivar", ivar))
    ]
    name = [fits.Column("THING_ID", "J", array=[77])]
    _write(
        tmp_path / "spec-1.fits",
        None,
        fits.BinTableHDU.from_columns(columns),
        fits.BinTableHDU.from_columns(name),
    )
    one = read_all(tmp_path / "spec-1.fits")
    assert one.targetid.tolist() == [77]
    grid = 3.555 + 1e-4 * np.arange(4500)
    stacked = np.interp(grid, loglam, flux)[None], np.interp(grid, loglam, ivar, 0, 0)[None]
    ids = fits.BinTableHDU.from_columns([fits.Column("TARGETID", "K", array=[77])])
    _write(tmp_path / "stack.fits", stacked[0], fits.ImageHDU(stacked[1]), ids)
    two = read_all(tmp_path / "stack.fits")
    assert np.corrcoef(one.x[0], two.x[0])[0, 1] > 0.9
    both = np.concatenate([two.x.astype(float), np.ones((1, 443))], axis=1)
    _write(tmp_path / "rebinned.fits", both, ids)
    three = read_all(tmp_path / "rebinned.fits")
    assert np.corrcoef(three.x[0], two.x[0])[0, 1] > 0.999


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_truncated_file_is_named(survey, tmp_path, share):
    content = (survey / "combined.fits").read_bytes()
    path = tmp_path / "cut.fits"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises((CorruptFileError, MissingColumnError), match="cut"):
        read_all(path)


def test_truth_without_a_column_or_with_two_opinions_is_refused(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text("TARGETID,VI_Z,VI_QUALITY\n1,2.0,4\n")
    with pytest.raises(MissingColumnError, match="VI_CLASS"):
        read_truth(path)
    rows = ["TARGETID,VI_Z,VI_QUALITY,VI_CLASS", "39627784716716099,2.5,4,QSO"]
    path.write_text("\n".join([*rows, rows[1], ""]))
    truth = read_truth(path)
    assert truth.ids.tolist() == [39627784716716099]
    assert truth.label.tolist() == ["QSO_HZ"]
    path.write_text("\n".join([*rows, "39627784716716099,0.0,4,STAR", ""]))
    with pytest.raises(DuplicateIdError, match="39627784716716099"):
        read_truth(path)
    path.write_text("\n".join([rows[0], "3.96278E+16,2.5,4,QSO", ""]))
    with pytest.raises(InputError, match="TARGETID"):
        read_truth(path)


def test_the_superset_says_classes_and_broad_absorption(tmp_path):
    """Classes and flags as the specification lists them."""
    columns = {
        "THING_ID": [1, 2, 3, 4, 5, -1],
        "Z_VI": [2.5, 1.0, 0.0, 0.3, 2.2, 1.0],
        "PLATE": [1] * 6,
        "MJD": [1] * 6,
        "FIBERID": [1] * 6,
        "CLASS_PERSON": [3, 30, 1, 4, 3, 3],
        "Z_CONF_PERSON": [3, 3, 3, 3, 1, 3],
        "BAL_FLAG_VI": [0, 1, 0, 0, 1, 0],
        "BI_CIV": [0.0, 120.0, 0.0, 0.0, 0.0, 0.0],
    }
    table = [
        fits.Column(n, "D" if n in ("Z_VI", "BI_CIV") else "J", array=v) for n, v in columns.items()
    ]
    fits.BinTableHDU.from_columns(table).writeto(tmp_path / "superset.fits")
    truth = read_truth(tmp_path / "superset.fits")
    assert truth.label.tolist() == ["QSO_HZ", "QSO_LZ", "STAR", "GALAXY", "BAD"]
    assert truth.bal.tolist() == [-1, 1, -1, -1, 0]
