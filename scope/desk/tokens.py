"""The words of a filter."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from scope.errors import UsageError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|`(?P<quoted>[^`]*)`"
    r"|'(?P<text>(?:[^']|'')*)'"
    r'|"(?P<text2>(?:[^"]|"")*)"'
    r"|(?P<sign><=|>=|<>|!=|==|&&|\|\||[-+*/^()<>=,!&|]))"
)
_SAME = {"&&": "and", "&": "and", "||": "or", "|": "or", "!": "not"}
_WORDS = frozenset({"and", "or", "not", "in", "is", "null", "like", "true", "false"})


class Token(NamedTuple):
    """One word: what it is, its text, and at which character it stands."""

    kind: Literal["number", "name", "text", "sign", "end"]
    value: str
    at: int


def tokens(text: str) -> list[Token]:
    """Return the words of a text and an end.

    Raises
    ------
    UsageError
        If a character means nothing.
    """
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            rest = text[at:].lstrip()
            raise UsageError(
                "filter with a character that means nothing",
                value=rest[:20],
                allowed="columns, numbers, 'texts', and or not in is like < <= > >= = != + - * / ^",
            )
        group = str(match.lastgroup)
        value, start = match[group], match.start(group)
        if group == "name" and value.lower() in _WORDS:
            found.append(Token("sign", value.lower(), start))
        elif group in ("text", "text2"):
            quote = "'" if group == "text" else '"'
            found.append(Token("text", value.replace(quote * 2, quote), start))
        elif group in ("name", "quoted"):
            found.append(Token("name", value, start))
        elif group == "sign":
            found.append(Token("sign", _SAME.get(value, value), start))
        else:
            found.append(Token("number", value, start))
        at = match.end()
    return [*found, Token("end", "the end", len(text))]
