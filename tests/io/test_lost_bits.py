"""Ids that were floats before they were integers again: found where chance is no explanation.

Rounding is NumPy's own cast to float64; real ids of Gaia DR3 are those of bright, named stars.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scope.errors import InputError
from scope.io.user_tables import read_user_table
from scope.io.values import CHANCE_BITS, exact_ids, lost_bits

RNG = np.random.default_rng(7)
LONG = RNG.integers(10**18, 5 * 10**18, 30)
GAIA = LONG // 128 * 128
"""As Gaia makes its ids of single stars: 7 last bits zero."""


@pytest.mark.parametrize("ids", [LONG, GAIA, LONG[:1], np.arange(10**15, 10**15 + 9), GAIA * 0])
def test_whole_ids_pass(ids) -> None:
    assert exact_ids(ids, "id", "t").tolist() == ids.tolist()


@pytest.mark.parametrize("ids", [LONG, GAIA, -LONG, np.append(LONG, [5, 10**15 + 1])])
def test_ids_that_were_floats_are_refused(ids) -> None:
    rounded = ids.astype(np.float64).astype(np.int64)
    assert (rounded != ids).any()
    with pytest.raises(InputError, match="made floats of ids"):
        exact_ids(rounded, "Gaia_EDR3___id", "t")
    # one id with a bit that no float has says that the others are chance
    exact_ids(np.append(rounded, LONG[0] | 1), "id", "t")


def test_a_few_are_no_proof_and_repeated_ones_count_once() -> None:
    one = LONG[:1].astype(np.float64).astype(np.int64)
    assert 0 < lost_bits(one) <= CHANCE_BITS
    assert exact_ids(np.repeat(one, 1000), "id", "t").tolist() == one.tolist() * 1000


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".h5"])
def test_every_format_is_looked_at(tmp_path: Path, suffix: str) -> None:
    table = pd.DataFrame({"Gaia_EDR3___id": GAIA.astype(np.float64).astype(np.int64)})
    path = tmp_path / f"t{suffix}"
    if suffix == ".h5":
        table.to_hdf(path, key="df")
    else:
        getattr(table, f"to_{suffix[1:]}")(path, index=False)
    with pytest.raises(InputError, match="made floats of ids"):
        read_user_table(path, ids=["Gaia_EDR3___id"])


def test_chance_is_as_rare_as_said() -> None:
    """Of tables of 3 random ids with 9 free bits each one in 2^27 would be refused."""
    tables = RNG.integers(2**61, 2**62, (20_000, 3))
    assert not any(lost_bits(ids) for ids in tables)
