"""Messages of errors: one line, whatever a file or a server put into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.errors import ConfigError, InputError, MissingColumnError, NotFoundError, named_as

RED = "\x1b[31mred\nline"
"""A code that terminals obey, and a line end."""


def test_no_part_of_a_message_breaks_its_line_or_reaches_the_terminal() -> None:
    error = InputError(f"what {RED[:-5]}", value=RED, allowed=["a", RED], todo=RED)
    escaped = r"\x1b[31mred\nline"
    assert str(error) == f"what {escaped[:-6]}: '{escaped}'; allowed: a, {escaped}; {escaped}"


def test_letters_of_all_scripts_stay() -> None:
    assert str(NotFoundError("keine Größe", todo="η Car")) == "keine Größe; η Car"


def test_several_mistakes_of_a_configuration_keep_their_lines() -> None:
    assert str(ConfigError("2 keys:\n  a\n  b")) == "2 keys:\n  a\n  b"


def test_temporary_files_are_named_by_what_they_were_made_of() -> None:
    names = {Path("/tmp/x/imputed_0.parquet"): "mine.parquet"}
    with (
        pytest.raises(
            MissingColumnError, match=r"^no column in mine\.parquet: 'a'; b; mine"
        ) as told,
        named_as(names),
    ):
        raise MissingColumnError(
            "no column in /tmp/x/imputed_0.parquet",
            value="a",
            todo="b; /tmp/x/imputed_0.parquet",
        )
    assert isinstance(told.value.__cause__, MissingColumnError)
    same = InputError("another", value=3)
    with pytest.raises(InputError) as told, named_as(names):
        raise same
    assert told.value is same
