"""What is offered to those who mistype a name."""

from __future__ import annotations

import pytest

from scope.cli.main import main
from scope.targets.suggest import suggest_product

TARGETS = ["field_250", "ids_my_list"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("results/preds_xbg/field_250.parquet", "results/preds_xgb/field_250.parquet"),
        ("results/preds_xgb/field_250.paquet", "results/preds_xgb/field_250.parquet"),
        ("results/Catalog/field_250.parquet", "results/catalog/field_250.parquet"),
        ("result/catalogue/ids_mylist.parquet", "results/catalog/ids_mylist.parquet"),
        ("preds_dnn/field_297.parquet", "results/preds_dnn/field_297.parquet"),
        ("./results/report/feild_250.html", "results/report/field_250.html"),
        (
            "results/feature/field_250/ccd_01_quad_1.parquet",
            "results/features/field_250/ccd_01_quad_1.parquet",
        ),
        ("trian", "train"),
    ],
)
def test_the_nearest_comes_first(typed: str, meant: str) -> None:
    said = suggest_product(typed, TARGETS, ["all", "train"])
    assert said is not None
    assert said.removeprefix("did you mean ").rstrip("?").split(" or ")[0] == meant


def test_nothing_is_offered_for_what_is_near_to_nothing() -> None:
    assert suggest_product("a.txt", TARGETS) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sumary", "`scope summary`"),
        ("cancel_orphan", "`scope cancel-orphans`"),
        ("run-inferense", "`run-inference`"),
        ("xyz", "see `scope --help`"),
    ],
)
def test_commands_are_offered_too(
    typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([typed]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: unknown command of scope: '{typed}'")
    assert meant in said
