"""Tables of stamps and spectra as spreadsheets leave them: read exactly, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scope.errors import InputError
from scope.tasks.spectra.al_query import read_scores
from scope.tasks.stamps.active_learning import read_mask
from scope.tasks.stamps.image_table import CANDIDATE_COLUMNS, IMAGE_COLUMNS, read_index
from scope.tasks.stamps.marshall import read_votes
from scope.tasks.stamps.sets import read_labels

LONG = 1237655504567926913
"""No float64 holds it."""

DOORS: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    "votes": (read_votes, "photometry_id,label", f"{LONG},1"),
    "labels": (read_labels, "id,label,metalabel", "0012,1,NA"),
    "mask": (read_mask, "id", "0012"),
    "images": (
        lambda path: read_index(path, IMAGE_COLUMNS),
        ",".join(IMAGE_COLUMNS),
        f"{LONG},DIFFERENCE,10,20,2460000.5,0,3,UT3,a.fits,7",
    ),
    "candidates": (
        lambda path: read_index(path, CANDIDATE_COLUMNS),
        ",".join(CANDIDATE_COLUMNS),
        f"{LONG},7,10,20,1,2,16.5,3,0.9",
    ),
    "scores": (
        read_scores,
        "TARGETID,TILEID,EXPID,C_NOT,C_QSO_LZ,C_QSO_HZ,BMU",
        f"{LONG},1,2,0.1,0.2,0.7,3",
    ),
}


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> tuple[Callable[[Path], Any], str, str]:
    return DOORS[request.param]


def test_a_separator_at_the_end_of_lines_shifts_no_column(tmp_path: Path, door) -> None:
    read, names, row = door
    path = tmp_path / "t.csv"
    path.write_text(f"{names}\n{row},\n")
    with pytest.raises(InputError, match="line 2"):
        read(path)


def test_a_spreadsheet_may_have_saved_it(tmp_path: Path, door) -> None:
    read, names, row = door
    plain, saved = tmp_path / "t.csv", tmp_path / "s.csv"
    plain.write_text(f"{names}\n{row}\n")
    text = f"{names}\n{row}\n".replace(",", ";").replace("\n", "\r\n")
    saved.write_bytes(b"\xef\xbb\xbf" + text.encode())
    found, again = read(plain), read(saved)
    if isinstance(found, set):
        assert found == again == {"0012"}
    else:
        assert found.equals(again)
        assert str(found.iloc[0, 0]) == row.split(",")[0]


@pytest.mark.parametrize("name", ["votes", "images", "candidates", "scores"])
@pytest.mark.parametrize("cell", ["1.23766E+18", f"{LONG}.0", f"{LONG}.5", "UT7"])
def test_a_rounded_id_is_refused_with_its_row(tmp_path: Path, name: str, cell: str) -> None:
    read, names, row = DOORS[name]
    path = tmp_path / "t.csv"
    path.write_text(f"{names}\n{row.replace(str(LONG), cell)}\n")
    with pytest.raises(InputError, match=r"(rounded|no whole number), in row 1"):
        read(path)


@pytest.mark.parametrize("name", ["votes", "labels"])
@pytest.mark.parametrize("label", ["yes", "2", ""])
def test_a_label_that_is_none_is_refused(tmp_path: Path, name: str, label: str) -> None:
    read, names, row = DOORS[name]
    path = tmp_path / "t.csv"
    first, _, *rest = row.split(",")
    path.write_text(f"{names}\n{row}\n" + ",".join([f"{first}0", label, *rest]) + "\n")
    with pytest.raises(InputError, match="label"):
        read(path)


def test_sexagesimal_positions_and_decimal_commas_of_images(tmp_path: Path) -> None:
    read, names, row = DOORS["candidates"]
    path = tmp_path / "t.csv"
    path.write_text(f"{names}\n{row.replace('10,20', '04:16:24,-00:30:00')}\n")
    assert read(path)[["ra", "dec"]].to_numpy().tolist() == [pytest.approx([64.1, -0.5])]
    path.write_text(names + "\n" + row.replace("16.5", '"16,5"') + "\n")
    with pytest.raises(InputError, match=r"mag that is no number, in row 1 .*'16,5'"):
        read(path)
