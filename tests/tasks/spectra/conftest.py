"""A tiny survey of spectra and published arrays."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.tasks.spectra.simulate import SurveyOptions, simulate_survey


@pytest.fixture(scope="session")
def survey(tmp_path_factory) -> Path:
    """Forty objects, two exposures each, coarse pixels."""
    options = SurveyOptions(objects=40, exposures=2, step=8.0, fibres=25)
    return simulate_survey(tmp_path_factory.mktemp("spectra") / "survey", options)


@pytest.fixture(scope="session")
def quasarnp(real_data) -> Path:
    """The arrays that QuasarNP ships for its tests."""
    folder = real_data / "spectra" / "quasarnp"
    if not folder.is_dir():
        pytest.skip("needs the arrays of QuasarNP")
    return folder
