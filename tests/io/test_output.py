"""Outputs that would destroy something are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.errors import UsageError
from scope.io import check_output


def test_an_output_that_is_the_input_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "curves.parquet"
    path.write_bytes(b"precious")
    (tmp_path / "link.parquet").symlink_to(path)
    for output in (path, tmp_path / "link.parquet"):
        with pytest.raises(UsageError, match="replace the input"):
            check_output(output, path)
    check_output(tmp_path / "other.parquet", path)


def test_an_output_under_the_name_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"z\.csv.*\*\.parquet"):
        check_output(tmp_path / "z.csv")
