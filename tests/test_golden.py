"""Numbers move only where the version of their stage moves.

The stored numbers are this code's own, of the time when the versions were last raised: they
say nothing of truth, which other tests do, only that Snakemake is told of every change.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests import golden

ADVICE = "if this change is meant, raise the stage in scope/provenance.py, add a line under "
ADVICE += "Outputs in CHANGELOG.md, and run `python -m tests.golden`"


@pytest.fixture(scope="module")
def computed() -> dict[str, Any]:
    """What this version computes."""
    return golden.compute()


@pytest.mark.parametrize("stage", ["simulation", "features", "imputed", "scores_xgb", "scores_dnn"])
def test_numbers_of_a_stage_are_those_of_its_version(computed: dict[str, Any], stage: str) -> None:
    stored = json.loads(golden.PATH.read_text())[stage]
    assert computed[stage]["version"] == stored["version"], "run `python -m tests.golden`"
    numbers = computed[stage]["numbers"]
    assert set(numbers) == set(stored["numbers"]), ADVICE
    assert len(numbers) >= 2
    for name, values in stored["numbers"].items():
        # Other kinds of CPU round transforms differently in the last digits.
        np.testing.assert_allclose(
            np.array(numbers[name], dtype=float),
            np.array(values, dtype=float),
            rtol=1e-6,
            atol=1e-9 if stage != "scores_dnn" else 1e-6,
            err_msg=f"{stage} {name}: {ADVICE}",
        )
