"""The dmdt histogram counts pairs as numpy's histogram does."""

from __future__ import annotations

import numpy as np
import pytest

from scope.errors import ConfigError
from scope.features.dmdt import dmdt
from scope.features.edges import DM_EDGES, DT_EDGES, DmdtEdges
from scope.lightcurves import LightCurves
from tests.features.curves import check_curve, one, random_curves


def by_numpy(curve: LightCurves, edges: DmdtEdges) -> np.ndarray:
    """Count by numpy.histogram2d on differences in double precision."""
    t, m = curve.time - curve.time[0], curve.mag.astype(np.float64)
    i, j = np.triu_indices(len(t), 1)
    counts = np.histogram2d(m[j] - m[i], t[j] - t[i], bins=[edges.dm, edges.dt])[0]
    norm = np.linalg.norm(counts)
    return counts / norm if norm else counts


def test_the_check_curve_has_the_histogram_of_scope() -> None:
    # Number of cells and their sum: what the SCoPe pipeline (version 0.9.5) gives.
    found = dmdt(check_curve())[0]
    assert found.shape == (26, 26)
    assert np.count_nonzero(found) == 27
    assert found.sum() == pytest.approx(5.112077203, rel=1e-9)
    assert np.linalg.norm(found) == pytest.approx(1.0, rel=1e-12)


def test_rows_are_magnitudes_and_columns_are_times() -> None:
    # One pair: 4 days apart (3.5 to 4.5, the 11th bin), 1 mag fainter (0.75 to 1.25, 20th).
    found = dmdt(one([0.0, 4.0], [15.0, 16.0]))[0]
    assert np.argwhere(found).tolist() == [[19, 10]]


def test_random_curves_have_the_histogram_of_numpy() -> None:
    curves = random_curves(10, seed=5)
    found = dmdt(curves)
    for i in range(len(curves)):
        np.testing.assert_allclose(
            found[i], by_numpy(curves[i : i + 1], DmdtEdges()), rtol=1e-14, atol=0
        )


def test_values_on_the_edges_fall_into_the_bins_of_numpy() -> None:
    # Times and magnitudes on the edges' own grid: most differences lie on an edge, or are
    # off it by a rounding error.
    rng = np.random.default_rng(7)
    t = np.sort(np.cumsum(rng.choice([0.04, 0.08, 0.5, 1.0, 1.5, 3.5, 110.0], 150)))
    for dtype in (np.float64, np.float32):
        m = (rng.integers(-40, 40, 150) * 0.05 + 16.0).astype(dtype)
        curve = one(t, m)
        np.testing.assert_allclose(dmdt(curve)[0], by_numpy(curve, DmdtEdges()), rtol=1e-14, atol=0)


def test_the_last_bin_is_closed_and_what_is_outside_is_lost() -> None:
    # 2000 d and 8 mag are the last edges: they count, anything beyond does not.
    on_the_edge = dmdt(one([0.0, 2000.0], [10.0, 18.0]))[0]
    assert np.argwhere(on_the_edge).tolist() == [[25, 25]]
    for t, m in (([0.0, 2000.001], [10.0, 18.0]), ([0.0, 2000.0], [10.0, 18.001])):
        assert not dmdt(one(t, m)).any()


@pytest.mark.parametrize("n", [0, 1])
def test_a_curve_without_pairs_is_all_zero(n: int) -> None:
    assert not dmdt(one(np.zeros(n), np.zeros(n))).any()


def test_other_edges_are_used_as_given() -> None:
    dm = tuple(np.concatenate([[-3.0], np.geomspace(0.01, 3.0, 26)]))
    edges = DmdtEdges(dm=dm, dt=tuple(np.linspace(0.5, 40.0, 27)))
    curve = random_curves(1, seed=9)
    found = dmdt(curve, edges)[0]
    assert found.any()
    np.testing.assert_allclose(found, by_numpy(curve, edges), rtol=1e-14, atol=0)


@pytest.mark.parametrize(
    ("edges", "complaint"),
    [
        ({"dm": DM_EDGES[:-1]}, "number of dm edges"),
        ({"dt": DT_EDGES[::-1]}, "dt edges .* do not rise"),
    ],
)
def test_edges_that_cannot_be_used_are_refused(edges: dict, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        DmdtEdges(**edges)
