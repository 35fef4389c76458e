"""Tables keep to schemas that are written down once."""

from __future__ import annotations

import pyarrow as pa
import pytest

from scope.column_types import arrow_type
from scope.errors import InputError, MissingColumnError
from scope.jsontext import to_json
from scope.schema import (
    KEY_COLUMNS,
    LIGHTCURVES,
    REASONS,
    SOURCES,
    Column,
    arrow_schema,
    lightcurve_schema,
    require_columns,
    validate,
    with_scope_metadata,
)

COLUMNS = (
    Column("_id", "int64", "", False, "Id"),
    Column("mag", "list<float32>", "mag", True, "Magnitudes"),
)
TABLE = pa.table({"_id": pa.array([1, 2]), "mag": pa.array([[1.0], None], pa.list_(pa.float32()))})


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("int64", pa.int64()),
        ("uint64", pa.uint64()),
        ("float32", pa.float32()),
        ("string", pa.string()),
        ("bool", pa.bool_()),
        ("list<float64>", pa.list_(pa.float64())),
        ("list<list<int32>>", pa.list_(pa.list_(pa.int32()))),
        ("fixed_size_list<float32>[676]", pa.list_(pa.float32(), 676)),
    ],
)
def test_type_strings_stand_for_arrow_types(dtype, expected):
    assert arrow_type(dtype) == expected


@pytest.mark.parametrize("dtype", ["float", "list<>", "list<float>", "fixed_size_list<int64>", ""])
def test_unknown_type_strings_are_refused_with_the_known_ones(dtype):
    with pytest.raises(InputError, match="int64"):
        arrow_type(dtype)


def test_units_and_descriptions_are_in_the_schema_of_a_file():
    field = arrow_schema(COLUMNS).field("mag")
    assert field.metadata == {b"unit": b"mag", b"description": b"Magnitudes", b"kind": b"value"}
    assert field.nullable
    assert not arrow_schema(COLUMNS).field("_id").nullable


def test_metadata_are_one_json_object_beside_those_of_others():
    schema = arrow_schema(COLUMNS, {"b": 1, "a": [None, "é"]})
    assert schema.metadata == {b"scope": '{"a":[null,"é"],"b":1}'.encode()}
    both = with_scope_metadata(schema.with_metadata({"other": "kept"}), {"a": 1})
    assert both.metadata == {b"other": b"kept", b"scope": b'{"a":1}'}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object(), b"x"])
def test_metadata_that_are_no_json_are_refused_by_name(value):
    with pytest.raises(InputError, match="'backend'"):
        to_json({"fine": 1, "backend": {"nested": [value]}})


def test_a_table_may_have_more_columns_than_its_schema():
    validate(TABLE.append_column("more", pa.array([1, 2])), COLUMNS)
    validate(TABLE.schema, COLUMNS)
    validate(TABLE.to_batches()[0], COLUMNS)


def test_a_missing_column_is_named_with_the_file_and_the_columns_there():
    with pytest.raises(MissingColumnError, match=r"missing columns in f\.parquet: 'mag'.*_id"):
        validate(TABLE.select(["_id"]), COLUMNS, "f.parquet")


def test_another_type_is_an_error_that_names_both():
    table = TABLE.set_column(1, "mag", pa.array([1.0, 2.0]))
    with pytest.raises(InputError, match=r"'mag'.*double.*list<float32>"):
        validate(table, COLUMNS)


def test_nulls_are_an_error_only_where_none_may_be():
    with pytest.raises(InputError, match=r"'_id'.*1 nulls"):
        validate(TABLE.set_column(0, "_id", pa.array([1, None])), COLUMNS)


def test_light_curves_keep_the_precision_of_their_survey():
    assert arrow_schema(lightcurve_schema("float32")).field("mag").type == pa.list_(pa.float32())
    # Times never are float32: its steps are 5.6 minutes at today's dates.
    assert arrow_schema(lightcurve_schema("float32")).field("hmjd").type == pa.list_(pa.float64())
    with pytest.raises(InputError, match="float16"):
        lightcurve_schema("float16")


@pytest.mark.parametrize("columns", [SOURCES, LIGHTCURVES, KEY_COLUMNS])
def test_every_column_has_a_type_and_a_description_and_only_the_id_is_always_there(columns):
    assert all(column.description and column.field for column in columns)
    names = [column.name for column in columns]
    assert names[0] == "_id"
    assert len(set(names)) == len(names)
    assert not columns[0].nullable


def test_reasons_are_a_closed_list_with_explanations():
    assert set(REASONS) == {
        "bright_star",
        "no_light_curve",
        "no_position",
        "no_good_epochs",
        "too_few_epochs",
        "no_period",
        "undefined_feature",
        "no_features",
        "impossible_id",
        "impossible_position",
        "impossible_filter",
        "unequal_lists",
        "other_dates",
        "baseline_too_long",
    }
    assert all(REASONS.values())


def test_a_message_names_each_of_many_missing_columns_once_and_only_the_first() -> None:
    with pytest.raises(MissingColumnError) as error:
        require_columns(["_id"], [*map("f{}".format, range(15)), "f0"], " in table")
    assert "'f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11 and 3 more'" in str(error.value)
