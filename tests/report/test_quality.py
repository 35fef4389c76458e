"""What the page says of stars: numbers are those of the table, which has tests of its own."""

from __future__ import annotations

import re
from pathlib import Path

from scope.report.quality import quality
from tests.product.test_publish_stars import stars, write_catalog
from tests.product.test_release import star_file

CLASSES = {"ea": "EA <b>", "vnv": "variable"}


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_stars_of_each_class_are_told_with_purity_and_completeness(tmp_path: Path) -> None:
    body = quality(star_file(tmp_path), CLASSES, 0.0).body
    assert "variable 3 1.7 ± 0.7 2 75.0 % 88.2 %" in text_of(body)
    assert "<b>" not in body
    assert "By galactic latitude" in body
    shown = body[: body.index("<details>")]
    assert shown.index("EA") < shown.index("variable")
    assert shown.count("<table") == 1


def test_stars_without_probabilities_say_why(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path / "c.parquet", _id=[1, 2])
    stars(tmp_path, [catalog], [])
    body = quality(tmp_path / "stars.parquet", CLASSES, 0.0).body
    assert "of 1 stars" in body
    assert "the models in use have no fusion of light curves" in body
    assert "no table of stars" in quality(None, CLASSES, 0.0).body
