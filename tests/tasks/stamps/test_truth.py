"""The table of what detections of a simulated night are: what it must hold, at each door to it."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from scope.errors import DuplicateIdError, InputError, MissingColumnError, NotFoundError
from scope.tasks.stamps.truth import TRUTH_COLUMNS, make_truth_set, read_truth, truth_facts
from scope.tasks.stamps.unseen import judge_on_truth
from tests.tasks.stamps.test_unseen import STARTER


@pytest.fixture
def copy(night, tmp_path):
    return shutil.copytree(night, tmp_path / "night")


@pytest.fixture
def doors(copy, tmp_path):
    """All that read the table."""
    return (
        lambda: make_truth_set(copy, tmp_path / "sets", stamp_size=21),
        lambda: truth_facts(copy),
        lambda: judge_on_truth(STARTER, copy, tmp_path / "judged"),
    )


def changed(copy, change):
    table = pd.read_csv(copy / "truth.csv")
    change(table).to_csv(copy / "truth.csv", index=False)


def refused(doors, error, words, tmp_path):
    """Each door refuses in one line, and leaves nothing behind."""
    for door in doors:
        with pytest.raises(error, match=words) as found:
            door()
        assert "\n" not in str(found.value)
    assert not list(tmp_path.glob("sets/data_*/data_*.csv"))
    assert not list(tmp_path.glob("judged/data_*/data_*.csv"))


@pytest.mark.parametrize("column", TRUTH_COLUMNS)
def test_a_missing_column_is_named(column, copy, doors, tmp_path):
    """Nights of before 2026-11-30 have no ``fainter``."""
    changed(copy, lambda table: table.drop(columns=column))
    words = rf"truth\.csv.*simulate-night.*: '{column}';"
    refused(doors, MissingColumnError, words, tmp_path)


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("id", "seven", "id that is no whole number, in row 3"),
        ("image_id", "", "image_id of .* with empty cells"),
        ("kind", "", "kind of .* with empty cells: 'row 3 is empty"),
        ("real", "maybe", "neither true nor false"),
        ("real", "", "real of .* with empty cells: 'row 3 is empty .*allowed: True, False"),
        ("fainter", "0.5", "neither true nor false"),
        ("snr", "high", "snr that is no number, in row 3"),
        ("template_part", "whole", "template_part that is no number, in row 3"),
    ],
)
def test_a_cell_of_another_type_is_one_line(column, cell, words, copy, doors, tmp_path):
    def change(table):
        table[column] = table[column].astype(str)
        table.loc[2, column] = cell
        return table

    changed(copy, change)
    refused(doors, InputError, words, tmp_path)


def test_an_id_that_stands_twice_is_refused(copy, doors, tmp_path):
    changed(copy, lambda table: pd.concat([table, table.tail(1)]))
    refused(doors, DuplicateIdError, "ids that stand twice", tmp_path)


def test_a_night_without_the_table_is_refused(copy, doors, tmp_path):
    (copy / "truth.csv").unlink()
    refused(doors, NotFoundError, "truth", tmp_path)


def test_an_image_whose_truth_lacks_a_detection_is_left_out(copy, tmp_path, caplog):
    table = pd.read_csv(copy / "truth.csv")
    changed(copy, lambda table: table.drop(index=3))
    made = make_truth_set(copy, tmp_path / "sets", stamp_size=21)
    there = set(pd.read_csv(made / "data_labels.csv")["image_id"])
    assert set(table["image_id"]) - there == {table["image_id"][3]}
    assert f"truth.csv without the detections of image {table['image_id'][3]}" in caplog.text


def test_the_order_of_the_table_does_not_matter(night, copy):
    expected = truth_facts(night)
    changed(copy, lambda table: table.sort_values("snr"))
    pd.testing.assert_frame_equal(truth_facts(copy), expected)


def test_columns_have_their_types(night):
    table = read_truth(night)
    plain = pd.read_csv(night / "truth.csv")
    assert table["real"].dtype == bool
    assert table["fainter"].dtype == bool
    assert table["real"].tolist() == plain["real"].tolist()
    pd.testing.assert_series_equal(table["snr"], plain["snr"])
