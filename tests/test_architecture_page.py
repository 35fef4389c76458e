"""The page about the house says what is there."""

from __future__ import annotations

import re

from tests import architecture

from .conftest import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_picture_is_that_of_the_parts_that_there_are() -> None:
    drawn = architecture.PATH.read_text(encoding="utf-8")
    assert drawn == architecture.draw(), "python -m tests.architecture"


def test_every_file_that_the_page_names_is_there() -> None:
    named = re.findall(r"`((?:scope|rules|workflow|tests|config)/[^`<*{]+)`", PAGE)
    assert len(named) > 25
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_page_has_ten_steps_and_says_of_twelve_changes_where_to_look() -> None:
    way, changes = PAGE.split("## The way of a light curve")[1].split("## To change")
    assert len(re.findall(r"^\| \d+ \|", way, re.MULTILINE)) == 10
    assert len(re.findall(r"^\| an? ", changes, re.MULTILINE)) >= 12
