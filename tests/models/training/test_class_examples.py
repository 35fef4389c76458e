"""Positive and negative examples, balance and weights."""

from __future__ import annotations

import numpy as np
import pytest

from scope.config.classes import ClassDefinition, class_definitions
from scope.errors import InputError
from scope.models.training.class_examples import Examples, balanced, label_targets

EA = ClassDefinition("ea", "EA", "phenomenological")
VNV = class_definitions(["vnv"])[0]


def examples(target: list[bool]) -> Examples:
    n = len(target)
    rows = np.arange(n, dtype=np.float32)[:, None]
    return Examples(rows, rows, np.array(target), np.arange(n))


def test_a_label_must_exceed_the_threshold() -> None:
    positive, member = label_targets(np.array([0.0, 0.5, 0.7, 0.71, 1.0]), None, EA)
    assert positive.tolist() == [False, False, False, True, True]
    assert member.all()


def test_rows_that_are_neither_variable_nor_not_are_left_out() -> None:
    variable = np.array([1.0, 0.0, 0.5, 0.9])
    not_variable = np.array([0.0, 1.0, 0.5, 0.0])
    positive, member = label_targets(variable, not_variable, VNV)
    assert positive.tolist() == [True, False, False, True]
    assert member.tolist() == [True, True, False, True]


def test_a_row_whose_label_is_not_known_is_no_example() -> None:
    labels = np.array([1.0, np.nan, 0.0, np.nan])
    assert label_targets(labels, None, EA)[1].tolist() == [True, False, True, False]
    positive, member = label_targets(labels, np.array([0.0, 1.0, np.nan, 0.0]), VNV)
    assert positive.tolist() == [True, False, False, False]
    assert member.tolist() == [True, False, False, False]


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.inf])
def test_a_label_that_is_no_probability_is_refused(wrong: float) -> None:
    with pytest.raises(InputError, match=r"label 'EA'.*in row 1 .*0 to 1"):
        label_targets(np.array([0.0, wrong]), None, EA)


def test_balance_cuts_the_larger_side_and_keeps_the_order() -> None:
    part = balanced(examples([True] * 3 + [False] * 20), 2.5, seed=1)
    assert int(part.target.sum()) == 3
    assert len(part) == 3 + 7
    assert np.all(np.diff(part.stars) > 0)


@pytest.mark.parametrize("balance", [None, 10.0])
def test_balance_keeps_all_where_there_is_no_need(balance: float | None) -> None:
    assert len(balanced(examples([True] * 3 + [False] * 20), balance, seed=1)) == 23


def test_both_sides_count_alike_with_their_weights() -> None:
    part = examples([True] * 2 + [False] * 8)
    assert part.side_weights == (0.25, 1.0)
