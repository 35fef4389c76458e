"""Rounds of questions about stamps: prepared, learnt by networks and trees, drawn."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from scope.active.loop import find_loop, prepare_pool, read_pool
from scope.errors import ConfigError
from scope.tasks.stamps.sets import open_set
from tests.tasks.stamps.test_classifier import ROWS, SIZE, drawn_set

HALF = ROWS // 2


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A set of stars and hot pixels, and its pool; what is known of half of it."""
    folder = tmp_path_factory.mktemp("stamps")
    settings = {"data": str(drawn_set(folder / "data_1")), "epochs": 6, "learner": "trees"}
    prepare_pool("stamps", settings, folder / "pool")
    labels, stamps = open_set(folder / "data_1")
    stamps.close()
    return settings, folder / "pool", labels


def test_the_pool_has_every_detection_by_its_id(prepared):
    _, pool, labels = prepared
    frame = read_pool(pool)
    assert frame["object"].tolist() == labels["id"].tolist()
    assert not frame["missing"].any()
    x = np.load(pool / "x.npy")
    assert x.shape == (ROWS, SIZE, SIZE, 3)
    # Each layer of unit length, as networks on stamps see them.
    np.testing.assert_allclose((x[:5] ** 2).sum(axis=(1, 2)), 1, atol=1e-5)


@pytest.mark.parametrize("learner", ["trees", "network"])
def test_members_tell_stars_from_hot_pixels_that_they_never_saw(prepared, learner):
    settings, pool, labels = prepared
    loop = find_loop("stamps", {**settings, "learner": learner})
    y = labels["label"].to_numpy()
    rows = np.arange(HALF)
    p = loop.member(pool, rows, y[rows], 3, learner)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert (p.argmax(axis=1) == y)[HALF:].mean() > 0.9
    np.testing.assert_array_equal(p, loop.member(pool, rows, y[rows], 3, learner))


def test_passes_with_dropout_differ_and_agree_in_the_mean(prepared):
    settings, pool, labels = prepared
    loop = find_loop("stamps", {**settings, "learner": "network"})
    y, rows = labels["label"].to_numpy(), np.arange(HALF)
    p = loop.passes(pool, rows, y[rows], 3, 8)
    assert p.shape == (ROWS, 8, 2)
    assert p.std(axis=1).max() > 0.01
    assert (p.mean(axis=1).argmax(axis=1) == y)[HALF:].mean() > 0.9


def test_all_layers_of_a_detection_are_drawn(prepared):
    settings, pool, _ = prepared
    html = find_loop("stamps", settings).draw(pool, 0, {})
    assert html.count("<img") == 6
    assert "difference" in html


def test_a_set_of_ids_and_labels_alone_is_asked_about(prepared, tmp_path):
    settings, pool, _ = prepared
    bare = shutil.copytree(settings["data"], tmp_path / "data_2")
    table = pd.read_csv(bare / "data_labels.csv")[["id", "label", "metalabel"]]
    table.to_csv(bare / "data_labels.csv", index=False)
    prepare_pool("stamps", {**settings, "data": str(bare)}, tmp_path / "pool")
    expected = read_pool(pool)[["object", "missing"]]
    pd.testing.assert_frame_equal(read_pool(tmp_path / "pool"), expected)
    assert (tmp_path / "pool" / "x.npy").read_bytes() == (pool / "x.npy").read_bytes()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"layers": [9]}, "0 to 5"), ({"learner": "oracle"}, "network"), ({"colour": 1}, "data")],
)
def test_options_that_cannot_be_used_are_named(prepared, tmp_path, wrong, says):
    settings, _, _ = prepared
    with pytest.raises(ConfigError, match=says):
        prepare_pool("stamps", {**settings, **wrong}, tmp_path / "pool")
