"""Labels that another program has written: each stays with its stamp, or is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scope.errors import InputError
from scope.tasks.stamps.sets import LABELS_FILE, open_set

from .test_classifier import drawn_set


@pytest.fixture
def folder(tmp_path):
    return drawn_set(tmp_path / "data_1")


def rewritten(folder, table):
    table.to_csv(folder / LABELS_FILE, index=False)
    labels, stamps = open_set(folder)
    stamps.close()
    return labels


def test_sorted_by_another_column_they_are_put_back(folder):
    before = pd.read_csv(folder / LABELS_FILE)
    labels = rewritten(folder, before.sort_values("mag"))
    assert labels["id"].tolist() == before["id"].tolist()
    assert labels["label"].tolist() == before["label"].tolist()


def test_numbers_that_begin_anew_are_those_of_the_first_gotorb(folder):
    before = pd.read_csv(folder / LABELS_FILE)
    parts = before.assign(number=np.arange(len(before)) % 100)
    assert rewritten(folder, parts)["id"].tolist() == before["id"].tolist()


@pytest.mark.parametrize("change", ["missing", "shuffled parts"])
def test_an_order_that_nobody_knows_is_refused(folder, change):
    before = pd.read_csv(folder / LABELS_FILE)
    if change == "missing":
        before.loc[7, "number"] = 5000
    else:
        before["number"] %= 100
        before = before.sample(frac=1, random_state=1)
    with pytest.raises(InputError, match="out of turn"):
        rewritten(folder, before)
