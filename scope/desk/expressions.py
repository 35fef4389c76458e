"""Filters as people write them, ``rrab_p > .9 and mag < 18``, to SQL with parameters.

No text of a person reaches the database as SQL: names must be columns of the table, values
travel as parameters, and everything else is a word of the grammar::

    or    := and ("or" and)*
    and   := not ("and" not)*
    not   := "not" not | test
    test  := sum ((< <= > >= = == != <>) sum)*  chained: .2 < period < .8
           | sum ["not"] "in" "(" value, … ")"
           | sum ["not"] "like" text            % any text, _ any character
           | sum "is" ["not"] "null"
    sum   := product ((+ -) product)*
    product := power ((* /) power)*
    power := "-" power | atom ["^" whole number]
    atom  := number | text | column | function "(" sum, … ")" | "(" or ")"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from scope.desk.tokens import Token, tokens
from scope.errors import UsageError, few

Kind = Literal["number", "text", "bool"]

MOST_CHARACTERS = 2000
MOST_DEPTH = 40
LARGEST_INTEGER = 2**63 - 1

_COMPARE = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "=", "==": "=", "!=": "<>", "<>": "<>"}
FUNCTIONS: dict[str, tuple[int, Callable[..., str]]] = {
    "abs": (1, lambda x: f"abs({x})"),
    "sqrt": (1, lambda x: f"TRY(sqrt({x}))"),
    "log10": (1, lambda x: f"TRY(log10({x}))"),
    "ln": (1, lambda x: f"TRY(ln({x}))"),
    "floor": (1, lambda x: f"floor({x})"),
    "round": (1, lambda x: f"round({x})"),
    "mod": (2, lambda x, y: f"TRY(fmod({x}, {y}))"),
    "min": (2, lambda x, y: f"least({x}, {y})"),
    "max": (2, lambda x, y: f"greatest({x}, {y})"),
    "cone": (3, lambda ra, dec, r: f"{_separation(ra, dec)} <= {r} / 3600.0"),
}
"""Functions by name: number of arguments and SQL. ``cone(ra, dec, arcsec)`` is a test.

``TRY`` makes a null of what is not defined, such as the logarithm of 0. Each argument stands once
in the SQL, but for ``cone``, which cannot be nested: else its length would grow exponentially.
"""


def _separation(ra: str, dec: str) -> str:
    """Return the angle to a position in degrees (haversine, exact also for small angles)."""
    half_dec = f'radians("dec" - {dec}) / 2'
    half_ra = f'radians("ra" - {ra}) / 2'
    squared = (
        f'sin({half_dec}) ** 2 + cos(radians({dec})) * cos(radians("dec")) * sin({half_ra}) ** 2'
    )
    return f"degrees(2 * asin(sqrt(least(1.0, {squared}))))"


class Filter(NamedTuple):
    """A condition for the database.

    Attributes
    ----------
    sql : str
        Names of columns in quotes, and a ``$name`` for each value.
    values : dict
        Value by that name.
    columns : frozenset of str
        Columns that it looks at.
    """

    sql: str
    values: dict[str, object]
    columns: frozenset[str]


NO_FILTER = Filter("TRUE", {}, frozenset())


@dataclass(frozen=True)
class _Part:
    """A piece of SQL, of what kind it is, and the integer column or literal that it is."""

    sql: str
    kind: Kind
    plain: bool = False


def parse_filter(text: str, columns: Mapping[str, Kind]) -> Filter:
    """Return the condition that a text means; empty text lets every row through.

    Rows whose value is null match no comparison, nor its negation.

    Parameters
    ----------
    text : str
    columns : mapping of str to {"number", "text", "bool"}
        Those of the table.

    Raises
    ------
    UsageError
        If the text is no expression; the message says where it ends to be one.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(
            "filter that is too long",
            value=f"{len(text)} characters",
            allowed=f"{MOST_CHARACTERS} characters",
        )
    if not text.strip():
        return NO_FILTER
    return _Parser(text, columns).filter()


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, columns: Mapping[str, Kind]) -> None:
        self._tokens = tokens(text)
        self._place = 0
        self._depth = 0
        self._columns = columns
        self._values: dict[str, object] = {}
        self._used: set[str] = set()

    def filter(self) -> Filter:
        part = self._boolean(self._or())
        if self._now.kind != "end":
            raise self._unexpected("and, or, or the end")
        return Filter(part.sql, self._values, frozenset(self._used))

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _take(self, *signs: str) -> str | None:
        """Return the sign here if it is one of `signs`, and go on."""
        if self._now.kind == "sign" and self._now.value in signs:
            self._place += 1
            return self._tokens[self._place - 1].value
        return None

    def _need(self, sign: str) -> None:
        if self._take(sign) is None:
            raise self._unexpected(sign)

    def _unexpected(self, wanted: str) -> UsageError:
        token = self._now
        return UsageError(
            f"filter not understood at character {token.at + 1}",
            value=token.value,
            allowed=wanted,
        )

    def _value(self, value: object) -> str:
        name = f"v{len(self._values)}"
        self._values[name] = value
        return f"${name}"

    def _boolean(self, part: _Part) -> _Part:
        if part.kind != "bool":
            raise UsageError(
                "filter with a value where a condition is needed",
                value=self._tokens[max(0, self._place - 1)].value,
                allowed="a comparison, such as period < 1",
            )
        return part

    def _or(self) -> _Part:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise UsageError("filter with too many brackets", allowed=f"{MOST_DEPTH} deep")
        part = self._and()
        while self._take("or"):
            part = _Part(f"({self._boolean(part).sql} OR {self._boolean(self._and()).sql})", "bool")
        self._depth -= 1
        return part

    def _and(self) -> _Part:
        part = self._not()
        while self._take("and"):
            right = self._boolean(self._not())
            part = _Part(f"({self._boolean(part).sql} AND {right.sql})", "bool")
        return part

    def _not(self) -> _Part:
        negated = False
        while self._take("not"):
            negated = not negated
        part = self._test()
        return _Part(f"(NOT {self._boolean(part).sql})", "bool") if negated else part

    def _test(self) -> _Part:
        left = self._sum()
        tests = []
        while sign := self._take(*_COMPARE):
            right = self._sum()
            self._alike(left, right)
            tests.append(f"{left.sql} {_COMPARE[sign]} {right.sql}")
            left = right
        if tests:
            return _Part(f"({' AND '.join(tests)})", "bool")
        if self._take("is"):
            negated = self._take("not")
            self._need("null")
            return _Part(f"({left.sql} IS {'NOT ' if negated else ''}NULL)", "bool")
        negated = self._take_not()
        if self._take("in"):
            return self._in(left, bool(negated))
        if self._take("like"):
            return self._like(left, bool(negated))
        return left

    def _take_not(self) -> str | None:
        after = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        if self._now.kind == "sign" and self._now.value == "not" and after.value in ("in", "like"):
            return self._take("not")
        return None

    def _alike(self, left: _Part, right: _Part) -> None:
        if left.kind != right.kind:
            raise UsageError(
                "filter that compares different things",
                value=f"a {left.kind} with a {right.kind}",
                allowed="numbers with numbers, texts in quotes with texts",
            )

    def _in(self, left: _Part, negated: bool) -> _Part:
        self._need("(")
        values = []
        while True:
            value = self._sum()
            self._alike(left, value)
            values.append(value.sql)
            if not self._take(","):
                break
        self._need(")")
        return _Part(f"({left.sql} {'NOT ' if negated else ''}IN ({', '.join(values)}))", "bool")

    def _like(self, left: _Part, negated: bool) -> _Part:
        token = self._now
        if token.kind != "text" or left.kind != "text":
            raise self._unexpected("a column of texts like a text in quotes")
        self._place += 1
        word = "NOT ILIKE" if negated else "ILIKE"
        return _Part(f"({left.sql} {word} {self._value(token.value)})", "bool")

    def _sum(self) -> _Part:
        part = self._product()
        while sign := self._take("+", "-"):
            part = self._arithmetic(part, sign, self._product())
        return part

    def _product(self) -> _Part:
        part = self._power()
        while sign := self._take("*", "/"):
            part = self._arithmetic(part, sign, self._power())
        return part

    def _power(self) -> _Part:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise UsageError("filter with too many brackets", allowed=f"{MOST_DEPTH} deep")
        if self._take("-"):
            part = self._power()
            part = _Part(f"(-{self._float(part)})", "number", part.plain)
        else:
            self._take("+")
            part = self._atom()
            if self._take("^"):
                part = _Part(f"TRY(pow({self._float(part)}, {self._exponent()}))", "number")
        self._depth -= 1
        return part

    def _arithmetic(self, left: _Part, sign: str, right: _Part) -> _Part:
        sql = f"({self._float(left)} {sign} {self._float(right)})"
        return _Part(f"TRY{sql}" if sign == "/" else sql, "number")

    def _exponent(self) -> str:
        """Return a whole number: a root of what is negative would be NaN, which sorts above all."""
        negative = self._take("-")
        token = self._now
        if token.kind != "number" or not token.value.isdigit():
            raise self._unexpected("a whole number; sqrt(x) is the square root")
        self._place += 1
        value = self._number(token)
        return self._value(float(-value if negative else value))

    def _float(self, part: _Part) -> str:
        """Return a number for computing with: integers would overflow."""
        if part.kind != "number":
            raise UsageError(
                "filter that computes with what is no number",
                value=f"a {part.kind}",
                allowed="numbers and columns of numbers",
            )
        return f"CAST({part.sql} AS DOUBLE)" if part.plain else part.sql

    def _atom(self) -> _Part:
        token = self._now
        if self._take("("):
            part = self._or()
            self._need(")")
            return part
        if word := self._take("true", "false"):
            return _Part(word.upper(), "bool")
        if token.kind == "end" or token.kind == "sign":
            raise self._unexpected("a column, a number, a text in quotes or a bracket")
        self._place += 1
        if token.kind == "number":
            return _Part(self._value(self._number(token)), "number", True)
        if token.kind == "text":
            return _Part(self._value(token.value), "text")
        if self._now.value == "(" and self._now.kind == "sign":
            return self._call(token)
        return self._column(token)

    def _number(self, token: Token) -> int | float:
        if token.value.isdigit():
            whole = int(token.value)
            if whole > LARGEST_INTEGER:
                raise UsageError("filter with too large a number", value=token.value)
            return whole
        value = float(token.value)
        if value == float("inf"):
            raise UsageError("filter with too large a number", value=token.value)
        return value

    def _column(self, token: Token) -> _Part:
        name = self._columns.get(token.value) and token.value
        if name is None:
            near = {column.lower(): column for column in self._columns}
            name = near.get(token.value.lower())
        if name is None:
            raise UsageError(
                "filter with a column that there is not",
                value=token.value,
                allowed=few(_similar(token.value, self._columns)),
            )
        self._used.add(name)
        return _Part(quoted(name), self._columns[name], True)

    def _call(self, token: Token) -> _Part:
        name = token.value.lower()
        if name not in FUNCTIONS:
            raise UsageError("filter with an unknown function", value=name, allowed=FUNCTIONS)
        self._need("(")
        count, build = FUNCTIONS[name]
        arguments = []
        while True:
            arguments.append(self._float(self._sum()))
            if not self._take(","):
                break
        self._need(")")
        if len(arguments) != count:
            raise UsageError(
                f"filter with the function {name} of another number of values",
                value=len(arguments),
                allowed=str(count),
            )
        if name == "cone":
            self._used.update(("ra", "dec"))
        return _Part(f"({build(*arguments)})", "bool" if name == "cone" else "number")


def quoted(name: str) -> str:
    """Return a column name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def _similar(name: str, columns: Mapping[str, Kind]) -> list[str]:
    """Return columns whose names resemble a wrong one, or else the first ones."""
    import difflib

    close = difflib.get_close_matches(name, columns, n=8, cutoff=0.5)
    return close or list(columns)
