"""Filters against pandas, which evaluates the same conditions by itself."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scope.desk.expressions import Kind, parse_filter
from scope.errors import UsageError

COLUMNS: dict[str, Kind] = {
    **dict.fromkeys(("_id", "ra", "dec", "mag", "period", "rrab_p"), "number"),
    "name": "text",
    "odd name": "text",
    "good": "bool",
}
IN_PANDAS = {
    "rrab_p > .9 and mag < 18": "rrab_p > .9 and mag < 18",
    "RRAB_P > .9 && Mag < 18": "rrab_p > .9 and mag < 18",
    ".2 < period <= .8 or mag >= 19.5": "(.2 < period <= .8) or mag >= 19.5",
    "not (period > 1) and mag != 17": "not (period > 1) and mag != 17 and period == period "
    "and mag == mag",
    "mag - 2 * period ^ 2 / 3 > 15": "mag - 2 * period ** 2 / 3 > 15",
    "-mag < -18e0": "-mag < -18",
    "abs(dec) > 5 and sqrt(period) < 1": "abs(dec) > 5 and period < 1",
    "log10(period) > 0": "period > 1",
    "name = 'ann''s' or name in ('bob', \"x\")": "name in ['ann\\'s', 'bob', 'x']",
    "name not in ('bob') and name like 'A%'": "name == 'ann\\'s'",
    "good": "good == True",
    "good = false": "good == False",
    "name is null": "name != name",
    "mag is not null": "mag == mag",
    "_id in (9007199254740993, 3)": "_id in [9007199254740993, 3]",
    "`odd name` = '; drop table t --'": "`odd name` == '; drop table t --'",
    "mod(mag, 2) < 1 and min(mag, 18) = 18": "mag % 2 < 1 and mag >= 18",
    "": "_id == _id",
}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 400
    frame = pd.DataFrame(
        {
            "_id": np.append(np.arange(n - 1), 2**53 + 1),
            "ra": rng.uniform(0, 360, n),
            "dec": rng.uniform(-90, 90, n),
            "mag": rng.integers(16, 21, n) + rng.choice([0, 0.5], n),
            "period": 10 ** rng.uniform(-1, 1, n),
            "rrab_p": rng.random(n).astype(np.float32),
            "name": rng.choice(np.array(["ann's", "bob", "x", None], dtype=object), n),
            "odd name": rng.choice(np.array(["; drop table t --", "a"], dtype=object), n),
            "good": rng.random(n) < 0.5,
        }
    )
    frame.loc[rng.random(n) < 0.1, ["mag", "period"]] = np.nan
    return frame


@pytest.fixture(scope="module")
def database(rows: pd.DataFrame) -> Iterator[duckdb.DuckDBPyConnection]:
    """The rows as table ``t``; NaN are nulls, as in the tables of the desk."""
    with duckdb.connect() as connection:
        connection.register("rows", pa.Table.from_pandas(rows, preserve_index=False))
        connection.execute("CREATE TABLE t AS SELECT * FROM rows")
        yield connection


def chosen(database: duckdb.DuckDBPyConnection, text: str) -> list[int]:
    """Ids that a filter lets through, by the database."""
    found = parse_filter(text, COLUMNS)
    sql = f"SELECT _id FROM t WHERE {found.sql} ORDER BY _id"
    return [row[0] for row in database.execute(sql, found.values).fetchall()]


@pytest.mark.parametrize("text", IN_PANDAS)
def test_a_filter_lets_through_what_pandas_does(
    database: duckdb.DuckDBPyConnection, rows: pd.DataFrame, text: str
) -> None:
    assert chosen(database, text) == sorted(rows.query(IN_PANDAS[text])["_id"].tolist())


def test_a_cone_is_a_circle_on_the_sky(
    database: duckdb.DuckDBPyConnection, rows: pd.DataFrame
) -> None:
    from astropy.coordinates import SkyCoord

    sky = SkyCoord(rows["ra"], rows["dec"], unit="deg")
    for ra, dec, degrees in ((10.0, 85.0, 30.0), (0.1, -20.0, 25.0), (180.0, 90.0, 20.0)):
        near = sky.separation(SkyCoord(ra, dec, unit="deg")).deg <= degrees
        assert near.sum() > 3
        found = chosen(database, f"cone({ra}, {dec}, {degrees * 3600})")
        assert found == sorted(rows["_id"][near].tolist())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mag > 17 and", "character 13"),
        ("magn > 17", "'magn'; allowed: mag"),
        ("mag", "a condition is needed"),
        ("mag > 'a'", "a number with a text"),
        ("name + 1 > 2", "no number"),
        ("; DROP TABLE stars", "means nothing"),
        ("mag > 1; DROP TABLE stars", "means nothing"),
        ("mag > 1 -- x", "'x'; allowed"),
        ("name = 'open", "means nothing"),
        ("read_csv('/etc/passwd')", "unknown function"),
        ("cone(1, 2)", "another number of values"),
        ("mag > " + "9" * 400, "too large"),
        ("mag > 1e999", "too large"),
        ("(" * 500 + "mag > 1" + ")" * 500, "too many brackets"),
        ("-" * 500 + "mag > 1", "too many brackets"),
        ("mag > 1 or " * 400 + "mag > 1", "too long"),
        ("period ^ .5 > 1", "whole number"),
        ("name like mag", "text in quotes"),
    ],
)
def test_what_is_no_filter_is_told(text: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_filter(text, COLUMNS)
    assert told in str(error.value)


SIGNS = "( ) + - * / ^ , < <= > >= = != ' \" ` ; -- and or not in is like null 1 .5e3 'a' abs( true"
WORDS = st.sampled_from([*COLUMNS, *SIGNS.split(), "cone(", "min(", "log10("])


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.one_of(st.lists(WORDS, max_size=14).map(" ".join), st.text(max_size=30)))
def test_any_text_is_refused_or_asks_the_table_only(
    database: duckdb.DuckDBPyConnection, text: str
) -> None:
    try:
        found = parse_filter(text, COLUMNS)
    except UsageError:
        return
    # Its length does not explode, and it runs.
    assert len(found.sql) < 60 * len(text) + 100
    database.execute(f"SELECT _id FROM t WHERE {found.sql} LIMIT 1", found.values).fetchall()
    assert database.execute("SELECT count(*) FROM t").fetchone() == (400,)
