"""One score of both algorithms: expected values are means by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scope.errors import InputError
from scope.gcn.scores import combine_scores


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
