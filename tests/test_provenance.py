"""Every product says where it came from, and nothing that differs between two runs."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

import scope
from scope.errors import InputError, NotFoundError
from scope.provenance import STAGES, hash_file, hash_json, record


def test_a_record_has_the_versions_and_the_facts():
    assert record("sources", data_release="dr5") == {
        "pipeline_version": scope.__version__,
        "stages": {"sources": STAGES["sources"]},
        "data_release": "dr5",
    }


def test_facts_and_stages_of_the_inputs_are_carried_on():
    sources = record("sources", data_release="dr5")
    curves = record("lightcurves", sources, max_timestamp_hjd=2459951.5)
    matches = record("crossmatch", sources, radius_arcsec=2.0)
    features = record("features", [curves, matches], backend="cpu")
    assert set(features["stages"]) == {"sources", "lightcurves", "crossmatch", "features"}
    assert features["data_release"] == "dr5"
    assert features["max_timestamp_hjd"] == 2459951.5
    assert features["radius_arcsec"] == 2.0


def test_a_record_does_not_change_its_inputs():
    sources = record("sources", lists=[1])
    record("lightcurves", sources, lists=[2])
    assert sources == record("sources", lists=[1])


def test_two_runs_give_the_same_record():
    assert record("sources", b=1, a=2) == record("sources", a=2, b=1)


def test_inputs_made_with_different_settings_are_an_error_that_names_the_setting():
    ours, theirs = record("sources", config_hash="1"), record("sources", config_hash="2")
    with pytest.raises(InputError, match="config_hash"):
        record("gathered", [ours, theirs])
    # Unless the new stage says itself what holds.
    assert record("gathered", [ours, theirs], config_hash="3")["config_hash"] == "3"


def test_inputs_of_different_stage_versions_do_not_mix():
    ours = record("sources")
    theirs = {**ours, "stages": {"sources": 99}}
    with pytest.raises(InputError, match=r"stage version 'sources'.*99"):
        record("gathered", [ours, theirs])


def test_inputs_of_another_pipeline_version_do_mix_where_the_stages_agree():
    ours = record("sources")
    theirs = {**ours, "pipeline_version": "0.0.1"}
    assert record("gathered", [ours, theirs])["pipeline_version"] == scope.__version__


@pytest.mark.parametrize("value", [np.float64("nan"), np.int64(3), {1}, object()])
def test_values_that_json_does_not_know_are_refused_by_name(value):
    with pytest.raises(InputError, match="'backend'"):
        record("features", backend=value)


def test_unknown_stages_and_reserved_names_are_refused():
    with pytest.raises(InputError, match="lightcurves"):
        record("light_curves")
    with pytest.raises(InputError, match="stages"):
        record("sources", stages={})


def test_hashes_are_those_of_canonical_json():
    # Independent: SHA-256 of the text written by hand.
    assert hash_json({"b": [1, 2.5], "a": "é"}) == hash_json({"a": "é", "b": [1, 2.5]})
    text = '{"a":"é","b":[1,2.5]}'
    assert hash_json({"b": [1, 2.5], "a": "é"}) == hashlib.sha256(text.encode()).hexdigest()
    assert hash_json(1) != hash_json("1")


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    # FIPS 180-4, example for "abc".
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_file(path) == expected
    with pytest.raises(NotFoundError, match="absent"):
        hash_file(tmp_path / "absent")
