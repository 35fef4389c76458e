"""The import paths that SCoPe's users know still work."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scope import utils
from scope.errors import InputError
from scope.io import read_parquet
from scope.utils import (
    TychoBVfromGaia,
    exclude_radius,
    removeHighCadence,
    sort_lightcurve,
    split_dict,
)


def test_everything_promised_is_there():
    assert all(hasattr(utils, name) for name in utils.__all__)
    assert utils.read_parquet is read_parquet


def test_predictions_are_read_as_documented(tmp_path):
    # running_inference: from scope.utils import read_parquet; preds = read_parquet(path_preds)
    from scope.utils import read_parquet, write_parquet

    preds = pd.DataFrame({"_id": [10296582009946], "vnv_dnn": [0.93]})
    preds.attrs["backend"] = "cpu"
    write_parquet(preds, tmp_path / "field_297.parquet")
    found = read_parquet(tmp_path / "field_297.parquet")
    pd.testing.assert_frame_equal(found, preds)
    assert found.attrs == {"backend": "cpu"}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        utils.no_such_name  # noqa: B018


def test_a_dictionary_is_split_into_consecutive_parts_the_last_ones_short_or_empty():
    whole = dict(zip("abcdefg", range(7), strict=True))
    # ceil(7 / 5) = 2 keys a part.
    assert [len(part) for part in split_dict(whole, 5)] == [2, 2, 2, 1, 0]
    assert {k: v for part in split_dict(whole, 5) for k, v in part.items()} == whole
    assert next(split_dict(whole, 3)) == {"a": 0, "b": 1, "c": 2}
    with pytest.raises(InputError, match="0"):
        next(split_dict(whole, 0))


def test_a_light_curve_is_sorted_by_time_and_equal_times_keep_their_order():
    t, m, e = sort_lightcurve([3.0, 1.0, 3.0, 2.0], [30, 10, 31, 20], [0.3, 0.1, 0.4, 0.2])
    assert t.tolist() == [1, 2, 3, 3]
    assert m.tolist() == [10, 20, 30, 31]
    assert e.tolist() == [0.1, 0.2, 0.3, 0.4]


def test_epochs_are_thinned_against_the_last_kept_one():
    # Minutes 0, 20, 40, 60: 20 goes, 40 stays (40 after 0), 60 goes (20 after 40).
    t = np.array([0, 20, 40, 60]) / 1440
    kept, m, e = removeHighCadence(t, np.arange(4.0), np.arange(4.0) / 10, cadence_minutes=30)
    assert m.tolist() == [0, 2]
    assert e.tolist() == [0, 0.2]
    assert kept.tolist() == [t[0], t[2]]


@pytest.mark.parametrize(
    ("g", "bp_rp", "radius"),
    # Computed with the release of SCoPe that the published catalogue was made with.
    [(4, 0.5, 174.01), (8, 0.5, 60.55), (12, 0.5, 14.38), (10, 1.5, 23.01), (12, 1.5, 0)],
)
def test_radii_around_bright_stars_are_those_of_the_published_pipeline(g, bp_rp, radius):
    assert exclude_radius(*TychoBVfromGaia(g, bp_rp)) == pytest.approx(radius, abs=0.005)
