"""The section for Kowalski and what the layers above take from it."""

from __future__ import annotations

from typing import Any

import pytest

from scope.config import Config, load_config
from scope.errors import ConfigError
from scope.surveys.archive import Archive, ArchiveSettings
from scope.surveys.kowalski import KowalskiSurvey
from scope.surveys.kowalski_settings import ALL_UNITS
from scope.surveys.open import configured_survey, open_survey, survey_settings
from tests.surveys.bulk_files import write_bulk


def configured(**section: Any) -> Config:
    return load_config(overrides={"survey": "kowalski", "kowalski": section})


def test_the_defaults_are_those_of_the_published_pipeline() -> None:
    # collections, port, protocol and timeout of SCoPe's configuration (release 0.9.5)
    settings = survey_settings(configured())
    assert settings.collections.sources == "ZTF_sources_20240117"
    assert settings.collections.alerts == "ZTF_alerts"
    assert settings.collections.catalogue("Gaia_EDR3") == "Gaia_EDR3"
    assert settings.client.timeout_seconds == 300
    assert {(host.name, host.host, host.port, host.protocol) for host in settings.client.hosts} == {
        (name, f"{name}.caltech.edu", 443, "https") for name in ("kowalski", "gloria", "melman")
    }
    assert settings.units == ALL_UNITS
    assert settings.min_epochs == Config().cleaning_options().min_epochs


def test_what_is_set_arrives() -> None:
    config = configured(
        hosts={"mine": {"host": "127.0.0.1", "port": 81}},
        protocol="http",
        timeout=7,
        patience_seconds=11,
        units="ccd_02_quad_3",
        programids=[1],
        ids_per_query=50,
        collections={"sources": "ZTF_sources_20210401", "alerts": None},
    )
    settings = survey_settings(config)
    host = settings.client.hosts[-1]
    assert (host.name, host.host, host.port, host.protocol) == ("mine", "127.0.0.1", 81, "http")
    assert settings.client.hosts[0].protocol == "http"
    assert settings.client.timeout_seconds == 7
    assert settings.client.retry.patience_seconds == 11
    assert settings.units == ("ccd_02_quad_3",)
    assert settings.programids == (1,)
    assert settings.ids_per_query == 50
    assert settings.collections.alerts is None


@pytest.mark.parametrize("name", ["token", "username", "password"])
def test_credentials_are_refused_with_the_place_where_they_belong(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"gloria\.{name}.*environment.*private\.yaml") as caught:
        configured(hosts={"gloria": {name: "eyJ.secret"}})
    assert "eyJ.secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"units": ["ccd_17_quad_1"]}, "kowalski.units"),
        ({"programids": [4]}, "kowalski.programids"),
        ({"programids": []}, "kowalski.programids"),
        ({"ids_per_query": 60_000}, "kowalski.ids_per_query"),
        ({"timeout": 0}, "kowalski.timeout"),
        ({"hosts": {"a b": {}}}, "kowalski.hosts"),
        ({"collections": {"source": "x"}}, "did you mean 'sources'"),
        ({"collections": {"classifications": "x"}}, "--classifications-catalog"),
        ({"max_timestamp_hjd": 1.0}, "feature_generation.max_timestamp_hjd"),
    ],
)
def test_mistakes_are_named(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        configured(**section)


def test_the_hash_follows_what_decides_numbers_and_nothing_else() -> None:
    plain = configured()
    assert configured(timeout=1, max_queries=2, hosts={"x": {}}).config_hash == plain.config_hash
    assert configured(programids=[1]).config_hash != plain.config_hash
    assert configured(collections={"sources": "x"}).config_hash != plain.config_hash
    archive = load_config()
    assert archive.config_hash != plain.config_hash
    other = load_config(overrides={"kowalski": {"programids": [1]}})
    assert other.config_hash == archive.config_hash


def test_the_configured_survey_is_opened_without_contact(tmp_path) -> None:
    survey = configured_survey(configured(units="ccd_01_quad_1"))
    assert isinstance(survey, KowalskiSurvey)
    assert survey.units(297) == ["ccd_01_quad_1"]
    assert survey.settings.client.queries == 8
    assert configured_survey(configured(max_queries=3)).settings.client.queries == 3
    write_bulk(tmp_path, [3])
    assert isinstance(open_survey(ArchiveSettings(str(tmp_path))), Archive)
    survey = configured_survey(load_config(overrides={"archive": str(tmp_path)}))
    assert survey.fields() == [300]


def test_settings_show_what_is_taken_and_not_how() -> None:
    # they stand in the parameters of rules, a change of which makes products again
    assert repr(survey_settings(configured())) == repr(
        survey_settings(configured(timeout=1, hosts={"x": {}}, ids_per_query=9))
    )
    assert repr(survey_settings(configured())) != repr(survey_settings(configured(programids=[1])))
