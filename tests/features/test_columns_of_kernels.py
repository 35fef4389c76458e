"""Kernels know the names of features; where their columns are, the registry alone says."""

from __future__ import annotations

import re

import numpy as np

from scope.features import fourier, statistics
from scope.features.cuda import column_constants
from scope.features.registry import names_of

from ..conftest import ROOT

CUDA = ROOT / "scope" / "features" / "cuda"
_NUMBERED = re.compile(r"\b(?:out|result)\[\s*\d")
_NAMED = re.compile(r"\bAT_\w+")


def test_no_kernel_names_a_column_by_its_number() -> None:
    for path in (
        ROOT / "scope" / "features" / "statistics.py",
        ROOT / "scope" / "features" / "fourier.py",
        CUDA / "statistics.cu",
        CUDA / "fourier.cu",
    ):
        assert _NUMBERED.findall(path.read_text()) == [], path


def test_cuda_kernels_use_columns_that_the_registry_has_and_fill_all_of_them() -> None:
    constants = column_constants()
    for group in ("statistics", "fourier"):
        names = names_of(group)
        assert constants[group.upper()] == len(names)
        assert [constants[f"AT_{name.upper()}"] for name in names] == list(range(len(names)))
    used = set(_NAMED.findall((CUDA / "statistics.cu").read_text()))
    used |= set(_NAMED.findall((CUDA / "fourier.cu").read_text()))
    assert used <= set(constants)
    # the five widths follow each other, as do the harmonics after the first
    inner = {f"AT_{name.upper()}" for name in ("i60r", "i70r", "i80r", "i90r")}
    harmonics = {f"AT_F1_REL{kind}{k}" for kind in ("AMP", "PHI") for k in range(1, 5)}
    assert set(constants) - used - inner - harmonics == {"STATISTICS", "FOURIER"}
    widths = [constants[name] for name in ("AT_IQR", *sorted(inner))]
    assert np.diff(widths).tolist() == [1] * 4


def test_columns_of_the_compiled_kernels_are_those_of_their_names() -> None:
    for name in statistics.NAMES:
        if name.upper() in vars(statistics):
            assert getattr(statistics, name.upper()) == statistics.NAMES.index(name)
    assert [statistics.NAMES[k] for k in statistics.SPREADS] == [
        *("iqr", "i60r", "i70r", "i80r", "i90r")
    ]
    assert fourier.NAMES[fourier.PHASE] == "f1_phi0"
    assert fourier.NAMES[fourier.AMPLITUDE + 2] == "f1_relamp1"
