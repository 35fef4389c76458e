"""Rebinning and networks against the arrays that QuasarNP ships."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from scope.errors import BundleError
from scope.models.spectra.quasar_net import NetworkScorer, load_network, network_bytes
from scope.models.spectra.wavelength_grid import LINEAR_GRID, LOG_GRID
from scope.tasks.spectra.decode import decode
from scope.tasks.spectra.rebin import Camera, Flag, rebin
from scope.tasks.spectra.spectrum_files import read_all

pytestmark = pytest.mark.real


@pytest.mark.parametrize(
    ("grid", "name"),
    [(LOG_GRID, "coadd_rebinned.fits"), (LINEAR_GRID, "coadd_rebinned_linear.fits")],
)
def test_bins_are_those_of_quasarnp(quasarnp, grid, name):
    with fits.open(quasarnp / "test_coadd.fits") as pixels, fits.open(quasarnp / name) as bins:
        for camera in "BRZ":
            parts = [pixels[f"{camera}_{what}"].data for what in ("FLUX", "IVAR", "WAVELENGTH")]
            found = rebin(Camera(*parts), grid)
            for got, what in zip(found, ("FLUX", "IVAR"), strict=True):
                np.testing.assert_allclose(got, bins[f"{camera}_{what}"].data, rtol=0, atol=1e-6)


def test_spectra_are_those_of_quasarnp_and_a_dead_one_is_flagged(quasarnp):
    spectra = read_all(quasarnp / "test_coadd.fits")
    good = spectra.flags == 0
    np.testing.assert_allclose(
        spectra.x[good], np.load(quasarnp / "coadd_x.npy"), rtol=0, atol=1e-6
    )
    assert len(spectra) == 25
    assert (spectra.flags[~good] & Flag.NO_WEIGHT.value).all()


def test_six_layers_say_what_tensorflow_said(quasarnp):
    network = load_network(quasarnp / "test_weights_6_layer.h5", LOG_GRID)
    spectra = read_all(quasarnp / "test_coadd.fits")
    said = NetworkScorer(network).score(spectra.x[spectra.flags == 0])
    expected = np.load(quasarnp / "qnet_output_6_layer.npy").transpose(1, 0, 2)
    np.testing.assert_allclose(said, expected, rtol=0, atol=1e-5)


def plain_forward(network, x):
    """The network position by position, in double precision, nothing folded."""
    h = x[..., None].astype(float)
    for number in range(1, network.n_conv + 1):
        layer, norm = network.layers[f"conv_{number}"], network.layers[f"bn_{number}"]
        if network.padding == "same":
            h = np.pad(h, ((0, 0), (4, 5), (0, 0)))
        windows = [h[:, i : i + 10].reshape(len(x), -1) for i in range(0, h.shape[1] - 9, 2)]
        kernel = layer["kernel"].reshape(-1, layer["kernel"].shape[2])
        h = np.maximum(_normed(np.stack(windows, 1) @ kernel + layer["bias"], norm), 0)
    dense = network.layers["fc_common"]
    h = h.reshape(len(x), -1) @ dense["kernel"] + dense["bias"]
    h = np.maximum(_normed(h, network.layers["bn_common"]), 0)
    heads = []
    for head in range(network.n_heads):
        parts = [network.layers[f"fc_{what}_{head}"] for what in ("box", "offset")]
        box, offset = (1 / (1 + np.exp(-(h @ p["kernel"] + p["bias"]))) for p in parts)
        heads.append(np.concatenate([box, offset * 1.2 - 0.1], axis=1))
    return np.stack(heads, 1)


def _normed(h, norm):
    scale = norm["gamma"] / np.sqrt(norm["moving_variance"].astype(float) + 1e-3)
    return (h - norm["moving_mean"]) * scale + norm["beta"]


@pytest.mark.parametrize("name", ["test_weights.h5", "test_weights_6_layer.h5"])
def test_the_folded_network_is_the_plain_one(quasarnp, name):
    network = load_network(quasarnp / name)
    x = np.load(quasarnp / "coadd_x.npy")
    said = NetworkScorer(network).score(x)
    np.testing.assert_allclose(said, plain_forward(network, x), rtol=0, atol=1e-5)
    # A spectrum's score does not depend on its neighbours.
    np.testing.assert_array_equal(NetworkScorer(network).score(x[3:4]), said[3:4])


def test_lines_are_decoded_as_quasarnp_does(quasarnp):
    lines = decode(np.load(quasarnp / "predict_data.npy").transpose(1, 0, 2), LOG_GRID)
    np.testing.assert_allclose(lines.confidence, np.load(quasarnp / "predict_lya.npy"), atol=1e-12)
    np.testing.assert_allclose(lines.bal_z, np.load(quasarnp / "predict_bal.npy"), atol=1e-12)


def test_weights_come_back_and_those_of_another_grid_are_refused(quasarnp, tmp_path):
    network = load_network(quasarnp / "test_weights_6_layer.h5")
    content = network_bytes(network)
    (tmp_path / "net.h5").write_bytes(content)
    again = load_network(tmp_path / "net.h5")
    assert network_bytes(again) == content
    for name, arrays in network.layers.items():
        for key, values in arrays.items():
            np.testing.assert_array_equal(again.layers[name][key], values)
    with pytest.raises(BundleError, match="another grid"):
        load_network(tmp_path / "net.h5", LINEAR_GRID)
    (tmp_path / "cut.h5").write_bytes(content[:5000])
    with pytest.raises(BundleError, match="no QuasarNET"):
        load_network(tmp_path / "cut.h5")
