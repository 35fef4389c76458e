"""What workflow scripts leave in their logs."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from scope.errors import InputError
from scope.runs.job import job


def test_messages_of_the_library_go_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "rule" / "unit.log"
    with job(log):
        logging.getLogger("scope.test").info("12 rows")
    assert "12 rows" in log.read_text()


def test_a_users_mistake_is_one_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "unit.log"
    with pytest.raises(SystemExit) as ended, job(log):
        raise InputError("no rows", value=0, allowed="one or more")
    assert ended.value.code == 2
    line = "error: no rows: 0; allowed: one or more\n"
    assert log.read_text() == line
    assert capsys.readouterr().err == line


def test_a_bug_leaves_its_traceback_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "unit.log"
    with pytest.raises(ZeroDivisionError), job(log):
        _ = 1 / 0
    assert "ZeroDivisionError" in log.read_text()
    assert "Traceback" in log.read_text()
