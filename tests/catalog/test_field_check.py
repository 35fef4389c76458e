"""What a check of nulls counts, and when models fail it. Expected numbers are counted by hand."""

import pyarrow as pa
import pytest

from scope.catalog.field_check import (
    CheckOptions,
    FieldCheck,
    false_discovery_rate,
    highest_rate,
    joined_check,
    judged_column,
)


def rows(values, kind=None, reasons=None):
    columns = {
        "reason": pa.array(reasons or [None] * len(values), pa.string()),
        "pnp_p": pa.array(values, pa.float32()),
    }
    if kind:
        columns["null"] = pa.array([kind] * len(values), pa.string())
    return pa.table(columns)


def checked(real, nulls, **options):
    found = FieldCheck({"pnp": ["pnp_p"]}, CheckOptions(**options), {"pnp_p"})
    found.count("real", rows(real))
    found.count_nulls(nulls)
    return found.facts()


def test_the_false_discovery_rate_is_what_chance_explains():
    """30 of 100 real rows reach it; of nulls 1 in 20: chance gives 5, one sixth."""
    facts = checked([0.9] * 30 + [0.1] * 70, rows([0.8] + [0.0] * 19, "shuffled"))
    line = judged_column(facts, "pnp", 0.7)
    assert (line["real"], line["null"], line["share"]) == (30, 1, 0.05)
    assert line["false_discovery_rate"] == pytest.approx(1 / 6)
    assert line["sum_share"] == pytest.approx(0.8 / 20)


def test_numbers_do_not_depend_on_how_rows_arrive():
    whole = checked([0.9, 0.2, 0.7], rows([0.7, 0.1], "shuffled"))
    found = FieldCheck({"pnp": ["pnp_p"]}, CheckOptions(), {"pnp_p"})
    for value in (0.7, 0.9, 0.2):
        found.count("real", rows([value]))
    found.count_nulls(rows([0.1, 0.7], "shuffled"))
    assert found.facts()["classes"] == whole["classes"]


def test_a_threshold_has_the_precision_of_the_column():
    facts = checked([0.7, 0.69], rows([0.7], "shuffled"))
    assert judged_column(facts, "pnp", 0.7)["real"] == 1


def test_rows_with_a_reason_do_not_count():
    found = FieldCheck({"pnp": ["pnp_p"]}, CheckOptions())
    found.count("real", rows([0.9, None], reasons=[None, "no_period"]))
    assert found.facts()["rows"] == {"real": 1}


@pytest.mark.parametrize(
    ("nulls", "passed"),
    [
        ([0.9] * 2 + [0.0] * 198, True),
        ([0.9] * 5 + [0.0] * 195, False),
        # None is above the threshold, but the sum is 2 % of the rows.
        ([0.02] * 200, True),
    ],
)
def test_a_class_fails_by_its_share(nulls, passed):
    facts = checked([0.9], rows(nulls, "shuffled"))
    assert facts["passed"] is passed
    assert facts["failed"] == ([] if passed else ["pnp"])


@pytest.mark.parametrize(("value", "counted"), [(0.009, True), (0.02, False)])
def test_a_sum_where_nothing_is_costs_the_expected_number(value, counted):
    facts = checked([0.9], rows([value] * 200, "shuffled"))
    assert facts["passed"]
    assert facts["classes"]["pnp"]["counted"] is counted
    assert facts["uncounted"] == ([] if counted else ["pnp"])


def test_a_class_that_order_does_not_matter_for_is_judged_by_noise():
    nulls = pa.concat_tables([rows([0.9] * 10, "shuffled"), rows([0.0] * 10, "white_noise")])
    assert not checked([0.9], nulls)["passed"]
    facts = checked([0.9], nulls, null_of={"pnp": "white_noise"})
    assert facts["passed"]
    assert facts["classes"]["pnp"]["null"] == "white_noise"


def test_scores_have_no_sum():
    found = FieldCheck({"pnp": ["pnp_p"]}, CheckOptions())
    found.count("real", rows([0.9]))
    found.count_nulls(rows([0.3] * 100, "shuffled"))
    assert found.facts()["uncounted"] == []


def test_without_nulls_nothing_is_said():
    facts = checked([0.9], rows([], "shuffled"))
    line = judged_column(facts, "pnp", 0.7)
    assert facts["passed"]
    assert (line["share"], line["highest_share"], line["false_discovery_rate"]) == (None,) * 3


def test_the_rule_of_three():
    """None of n found: the highest rate is 1 - 0.05^(1/n), about 3/n (closed form)."""
    assert highest_rate(0, 100) == pytest.approx(1 - 0.05 ** (1 / 100))
    assert highest_rate(5, 5) == 1.0


def test_a_rate_is_never_above_one_and_unknown_where_nothing_is_found():
    assert false_discovery_rate(1, 100, 10, 10) == 1.0
    assert false_discovery_rate(0, 100, 10, 10) is None


def test_a_table_of_several_passes_only_where_all_do():
    good, bad = (
        {"field_check": {"passed": True, "failed": []}},
        {"field_check": {"passed": False, "failed": ["vnv", "pnp"], "uncounted": ["e"]}},
    )
    joined = joined_check([good, bad, {}])["field_check"]
    assert joined == {"passed": False, "failed": ["pnp", "vnv"], "uncounted": ["e"]}
    assert joined_check([good, good])["field_check"]["passed"]
    assert joined_check([{}, {}]) == {}
