"""Votes on Fritz in the ledger."""

from __future__ import annotations

import pandas as pd

from scope.active.ledger import Ledger
from scope.fritz.merge_features import PER_SOURCE
from scope.fritz.vote_labels import vote_labels


def test_each_class_that_was_voted_for_is_a_label_once(tmp_path):
    first = {**dict.fromkeys(PER_SOURCE), "obj_id": "ZTFJ1", "ew": 1.0, "vnv": 0.75, "ea": 0.0}
    columns = pd.DataFrame([first])
    ledger = Ledger(tmp_path)
    assert ledger.append(vote_labels(columns)) == 2
    assert ledger.append(vote_labels(columns)) == 0
    found = ledger.read("variables").set_index("label")["weight"]
    assert found.to_dict() == {"ew": 1.0, "vnv": 0.75}
