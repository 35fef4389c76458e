"""One score of both algorithms: expected values are means by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scope.errors import InputError
from scope.gcn.scores import combine_scores, take_probabilities


def test_both_algorithms_have_a_say() -> None:
    sources = pd.DataFrame(
        {"vnv_dnn": [0.6, None], "vnv_xgb": [0.8, 0.9], "e_dnn": [0.1, 0.1], "e_xgb": [0.3, 0.3]}
    )
    found = combine_scores(sources, ["dnn", "xgb"])
    np.testing.assert_allclose(found["vnv"], [0.7, np.nan])
    np.testing.assert_allclose(found["nonvar"], [0.3, np.nan])
    np.testing.assert_allclose(found["e"], [0.2, 0.2])
    with pytest.raises(InputError, match="without scores"):
        combine_scores(sources[["vnv_dnn"]], ["dnn", "xgb"])


def test_probabilities_stand_in_for_scores_where_there_are_any() -> None:
    sources = pd.DataFrame(
        {"vnv_dnn": [0.6, 0.1], "vnv_dnn_p": [0.2, 0.2], "vnv_p": [0.25, None], "e_xgb": [0.1, 0.1]}
    )
    found = take_probabilities(sources)
    np.testing.assert_allclose(found["vnv"], [0.25, np.nan])
    np.testing.assert_allclose(found["nonvar"], [0.75, np.nan])
    # a class that is not calibrated, and the probability of one algorithm alone
    assert not {"e", "vnv_dnn_"} & set(found.columns)
    with pytest.raises(InputError, match="post_probabilities"):
        take_probabilities(sources[["vnv_dnn", "vnv_dnn_p"]])
