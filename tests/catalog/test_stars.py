"""From light curves to stars: expected values are sums and means by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scope.catalog.stars import find_stars
from scope.io import to_frame

ARCSEC = 1.0 / 3600.0


def catalogue(**columns) -> pd.DataFrame:
    size = len(columns["_id"])
    usual = {
        "ra": [10.0] * size,
        "dec": [0.0] * size,
        "period": [1.0] * size,
        "n_epochs": [100] * size,
        "reason": [None] * size,
        "Gaia_EDR3___id": [0] * size,
        "AllWISE___id": [0] * size,
        "PS1_DR1___id": [0] * size,
    }
    table = pa.table({**usual, **columns})
    reason = table["reason"].cast(pa.string())
    return to_frame(table.set_column(table.schema.get_field_index("reason"), "reason", reason))


def test_light_curves_of_one_star_become_one_row() -> None:
    table = catalogue(
        _id=[1, 2, 3, 4, 5, 6],
        ra=[10.0, 10.0, 20.0, 20.0, 30.0, 30.0],
        Gaia_EDR3___id=[2**60 + 1, 2**60 + 1, 0, 0, 0, 0],
        AllWISE___id=[7, 0, 8, 8, 0, 0],
        PS1_DR1___id=[0, 0, 0, 0, 9, 9],
        n_epochs=[50, 80, 50, 50, 50, 50],
        period=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        vnv_dnn=[0.2, 0.6, 1.0, None, None, None],
        vnv_xgb=[0.4, 0.8, 1.0, None, None, None],
        reason=[None, None, None, "too_few_epochs", "no_period", "no_period"],
    )
    found = find_stars(table)
    assert found["survey_id"].tolist() == [
        f"Gaia_EDR3___{2**60 + 1}",
        "AllWISE___8",
        "PS1_DR1___9",
    ]
    assert found["n_light_curves"].tolist() == [2, 2, 2]
    assert found["n_scored"].tolist() == [2, 1, 0]
    # the period of the light curve with most epochs that has scores, and no mean of periods
    assert found["period"].tolist() == [2.0, 3.0, 5.0]
    np.testing.assert_allclose(found["vnv_dnn"], [0.4, 1.0, np.nan])
    assert found["reason"].tolist()[:2] == [None, None]
    assert found["reason"].iloc[2] == "no_period"
    assert find_stars(table, statistic="max")["vnv_xgb"].iloc[0] == 0.8


def test_without_an_id_the_position_tells() -> None:
    table = catalogue(
        _id=[1, 2, 3, 4],
        ra=[10.0, 10.0 + ARCSEC, 10.0 + 20 * ARCSEC, 10.0 + 0.5 * ARCSEC],
        Gaia_EDR3___id=[0, 5, 0, 0],
        vnv_xgb=[0.1, 0.3, 0.5, 0.8],
    )
    found = find_stars(table)
    # 1 and 4 are at the identified star, 3 is a star of its own; none is left out
    assert found["n_light_curves"].tolist() == [3, 1]
    assert found["n_light_curves"].sum() == len(table)
    np.testing.assert_allclose(found["vnv_xgb"], [0.4, 0.5])


def test_right_ascensions_around_zero_have_their_mean_there() -> None:
    table = catalogue(
        _id=[1, 2],
        ra=[360.0 - 0.4 * ARCSEC, 0.2 * ARCSEC],
        Gaia_EDR3___id=[5, 5],
        vnv_xgb=[0.1, 0.3],
    )
    (ra,) = find_stars(table)["ra"]
    assert ra == pytest.approx(360.0 - 0.1 * ARCSEC, abs=1e-9)


def test_objects_that_were_asked_for_stay_apart() -> None:
    table = catalogue(_id=[1, 2], obj_id=["a", "b"], Gaia_EDR3___id=[5, 5], vnv_xgb=[0.1, 0.3])
    assert find_stars(table)["obj_id"].tolist() == ["a", "b"]


def test_no_rows_are_no_stars() -> None:
    found = find_stars(catalogue(_id=[1], vnv_xgb=[0.5], vnv_dnn=[0.5])[:0])
    assert len(found) == 0
    assert {"survey_id", "n_scored", "vnv_dnn", "vnv_xgb"} <= set(found.columns)


def test_the_result_does_not_depend_on_the_order_of_the_rows() -> None:
    generator = np.random.default_rng(3)
    size = 60
    table = catalogue(
        _id=list(range(size)),
        ra=(10.0 + generator.integers(0, 12, size) * ARCSEC).tolist(),
        Gaia_EDR3___id=generator.choice([0, 0, 0, 1, 2, 3], size).tolist(),
        n_epochs=generator.integers(50, 60, size).tolist(),
        obj_id=generator.choice(["a", "b"], size).tolist(),
        vnv_xgb=generator.random(size).tolist(),
    )
    found = find_stars(table).sort_values("_id", ignore_index=True)
    again = find_stars(table.sample(frac=1.0, random_state=4)).sort_values("_id", ignore_index=True)
    assert found["n_light_curves"].sum() == size
    assert (found["_id"].tolist(), found["obj_id"].tolist()) == (
        again["_id"].tolist(),
        again["obj_id"].tolist(),
    )
    np.testing.assert_allclose(found["vnv_xgb"], again["vnv_xgb"], rtol=1e-12)
