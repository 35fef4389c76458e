"""Where the units of a target come from: simulation, archive or Kowalski."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scope.config import load_config
from scope.errors import ConfigError, NotFoundError, UsageError
from scope.surveys.archive import ArchiveSettings
from scope.surveys.kowalski_settings import ALL_UNITS, KowalskiSettings
from scope.surveys.open import ListedSettings
from scope.targets.plan import EMBEDDED_TARGET, Plan
from tests.surveys.bulk_files import write_bulk


def plan(**overrides: Any) -> Plan:
    return Plan(load_config(overrides=overrides))


def test_without_an_archive_one_field_is_simulated() -> None:
    one = plan()
    assert one.targets() == [EMBEDDED_TARGET]
    assert one.is_simulated(EMBEDDED_TARGET)
    assert not one.is_downloaded(EMBEDDED_TARGET)
    assert one.survey_settings(EMBEDDED_TARGET, "ccd_01_quad_1") == ArchiveSettings(
        f"results/simulation/{EMBEDDED_TARGET}/ccd_01_quad_1"
    )
    with pytest.raises(NotFoundError, match="archive=FOLDER"):
        one.units("field_297")


def test_each_simulated_quadrant_is_a_survey_of_its_own_length() -> None:
    units = ["ccd_01_quad_1", "ccd_02_quad_1"]
    settings = {"units": units, "years": [3.0, 0.4], "n_epochs_median": 70}
    one = plan(simulation=settings)
    found = [one.simulation_settings(EMBEDDED_TARGET, unit) for unit in units]
    assert [(part["years"], part["n_epochs_median"]) for part in found] == [(3.0, 70), (0.4, 70)]


def test_lengths_are_one_for_all_quadrants_or_one_for_each() -> None:
    for key, values in (("years", [3.0, 0.4]), ("n_epochs_median", [50, 60, 70])):
        with pytest.raises(ConfigError, match=rf"{key} with one number.*of the 1 units, not"):
            plan(simulation={key: values})
    with pytest.raises(ConfigError, match=r"units that differ"):
        plan(simulation={"units": ["ccd_01_quad_1"] * 2, "years": [3.0, 0.4]})
    with pytest.raises(ConfigError, match=r"simulation.years.*other than true and false"):
        plan(simulation={"years": [True]})
    two = plan(simulation={"units": ["ccd_01_quad_1", "ccd_02_quad_1"], "years": [3.0, 0.4]})
    with pytest.raises(NotFoundError, match="ccd_09_quad_3"):
        two.simulation_settings(EMBEDDED_TARGET, "ccd_09_quad_3")
    with pytest.raises(ConfigError, match=r"simulation.years.0.*greater than 0"):
        plan(simulation={"years": [-1.0]})


def test_an_archive_tells_its_targets_units_and_files(tmp_path: Path) -> None:
    path = write_bulk(tmp_path, [3], field=300, ccd=2, quad=3)
    one = plan(archive=str(tmp_path), data_release="DR5")
    assert one.targets() == ["field_300"]
    assert one.units("field_300") == ["ccd_02_quad_3"]
    assert one.archive_inputs("field_300", "ccd_02_quad_3") == [str(path)]
    assert one.survey_settings("field_300", "ccd_02_quad_3") == ArchiveSettings(
        str(tmp_path), "DR5"
    )


def test_on_kowalski_targets_are_named_and_have_all_quadrants_or_those_configured() -> None:
    one = plan(survey="kowalski", targets="field_297")
    assert one.targets() == ["field_297"]
    assert one.units("field_297") == list(ALL_UNITS)
    assert one.is_downloaded("field_297")
    assert not one.is_simulated("field_297")
    some = plan(survey="kowalski", kowalski={"units": ["ccd_02_quad_2", "ccd_01_quad_1"]})
    assert some.units("field_1") == ["ccd_01_quad_1", "ccd_02_quad_2"]
    with pytest.raises(UsageError, match=r"no target named.*field_297"):
        some.targets()


def test_on_kowalski_no_file_is_waited_for_and_no_server_asked() -> None:
    one = plan(survey="kowalski")
    assert one.archive_inputs("field_297", "ccd_01_quad_1") == []
    assert one.crossmatch_inputs("field_297", "ccd_01_quad_1") == []
    settings = one.survey_settings("field_297", "ccd_01_quad_1")
    assert isinstance(settings, KowalskiSettings)


def test_a_field_of_a_survey_is_never_taken_for_the_simulated_one_of_its_number(
    tmp_path: Path,
) -> None:
    (target,) = plan().config.training.targets
    assert plan().is_simulated(target)
    write_bulk(tmp_path, [3], field=int(target.removeprefix("field_")), ccd=2, quad=3)
    for one in (plan(archive=str(tmp_path)), plan(survey="kowalski")):
        assert not one.is_simulated(target)
        with pytest.raises(NotFoundError, match="leave out archive and survey"):
            one.simulation_settings(target, "ccd_02_quad_3")


def test_a_list_falls_into_parts_of_its_rows_whatever_it_asks_for(tmp_path: Path) -> None:
    path = write_bulk(tmp_path / "archive", [3])
    table = tmp_path / "stars.csv"
    table.write_text("ra,dec\n" + "10,20\n" * 5)
    lists = {"a": {"path": str(table), "rows_per_chunk": 2}, "b.c": str(table)}
    one = plan(archive=str(tmp_path / "archive"), lists=lists)
    assert one.units("ids_a") == ["chunk_000", "chunk_001", "chunk_002"]
    assert one.units("ids_b.c") == ["chunk_000"]
    assert one.list_inputs("ids_a") == [str(table), str(path)]
    assert one.archive_inputs("ids_a", "chunk_001") == ["results/lists/ids_a/light_curves.parquet"]
    settings = one.survey_settings("ids_a", "chunk_001")
    assert isinstance(settings, ListedSettings)
    assert settings.parts == 3
    assert not one.is_simulated("ids_a")
    with pytest.raises(NotFoundError, match=r"ids_|lists: \{x: TABLE\}"):
        one.units("ids_x")


def test_lists_need_a_survey_and_kowalski_is_one(tmp_path: Path) -> None:
    table = tmp_path / "stars.csv"
    table.write_text("ztf_id\n10297581009946\n")
    with pytest.raises(NotFoundError, match="archive=FOLDER"):
        plan(lists={"a": str(table)}).units("ids_a")
    one = plan(survey="kowalski", lists={"a": str(table)})
    assert one.units("ids_a") == ["chunk_000"]
    assert one.list_inputs("ids_a") == [str(table)]
    assert one.is_downloaded("ids_a")


@pytest.mark.parametrize(
    "settings",
    [
        {"archive": "/data/{field}"},
        {"lists": {"a": "my {list}.csv"}},
        {"lists": {"a": "plain.csv", "b": {"path": "/{b}/t.csv"}}},
    ],
)
def test_a_path_that_is_a_pattern_to_snakemake_is_refused_before_anything_runs(
    settings: dict,
) -> None:
    with pytest.raises(UsageError, match=r"word in braces.*ln -s"):
        Plan(load_config(overrides=settings)).check_paths()
    plain = Plan(load_config(overrides={"archive": "/data/a b/{}"}))
    plain.check_paths("/home/a b")
    with pytest.raises(UsageError, match="word in braces"):
        plain.check_paths("/home/{x}")
