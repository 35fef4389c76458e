"""The classes, their labels and their numbers in the two mixes."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from scope.config.classes import CLASSES as CLASSIFIERS
from scope.errors import InputError
from scope.surveys.simulation import CLASSES, labels_of
from scope.surveys.simulation.sky_classes import assign_classes

PARENTS = {
    "periodic": "variable",
    "pulsator": "periodic",
    "RR Lyrae": "pulsator",
    "RR Lyrae ab": "RR Lyrae",
    "RR Lyrae c": "RR Lyrae",
    "RR Lyrae d": "RR Lyrae",
    "RR Lyrae Blazhko": "RR Lyrae",
    "Delta Scu": "pulsator",
    "Cepheid": "pulsator",
    "Cepheid type-II": "pulsator",
    "BL Her": "Cepheid type-II",
    "W Virginis": "Cepheid type-II",
    "RV Tau": "Cepheid type-II",
    "LPV": "pulsator",
    "Mira": "LPV",
    "SRV": "LPV",
    "OSARG": "LPV",
    "eclipsing": "periodic",
    "EA": "eclipsing",
    "EB": "eclipsing",
    "EW": "eclipsing",
    "sinusoidal": "periodic",
    "irregular": "variable",
    "flaring": "variable",
    "bright star": "bogus",
    "blend": "bogus",
    "extended": "bogus",
}


def _names(mix, count, seed=1):
    return [c.name for c in islice(assign_classes(mix, np.random.SeedSequence(seed)), count)]


def test_labels_are_columns_of_the_training_set():
    known = {definition.label for definition in CLASSIFIERS} | {"non-variable"}
    for member in CLASSES.values():
        assert set(member.labels) <= known
        assert len(set(member.labels)) == len(member.labels)


def test_a_label_comes_with_those_above_it_in_the_taxonomy():
    for member in CLASSES.values():
        for label in member.labels:
            if label in PARENTS:
                assert PARENTS[label] in member.labels, (member.name, label)


def test_a_class_is_variable_constant_or_bogus_and_only_one_of_them():
    for member in CLASSES.values():
        kinds = {"variable", "non-variable", "bogus"} & set(member.labels)
        assert len(kinds) == 1, member.name


def test_at_least_fifteen_classes_vary():
    assert sum("variable" in member.labels for member in CLASSES.values()) >= 15


def test_a_thousand_stars_of_the_sky_hold_every_frequent_class_and_mostly_constant_stars():
    for seed in range(3):
        counts = Counter(_names("sky", 1000, seed))
        assert set(counts) == {name for name, member in CLASSES.items() if member.per_500}
        assert min(counts.values()) >= 3
        varying = sum(n for name, n in counts.items() if "variable" in labels_of(name))
        assert 0.15 <= varying / 1000 <= 0.25


def test_the_balanced_mix_holds_every_class_in_similar_numbers():
    counts = Counter(_names("balanced", 820))
    assert set(counts) == set(CLASSES)
    varying = [n for name, n in counts.items() if "variable" in labels_of(name)]
    assert max(varying) <= 5 * min(varying)


TRANSIENTS = {
    "SN-IA", "SN-II", "SN-IBC", "SLSN", "TDE", "NOVA", "DN-SUPER", "ULENS", "FUORI", "EXLUP",
}  # fmt: skip


def test_transients_are_labelled_so_and_none_is_known_to_be_periodic():
    found = {name for name, member in CLASSES.items() if "transient" in member.labels}
    assert found == TRANSIENTS
    for name in TRANSIENTS:
        assert {"variable", "transient"} <= set(CLASSES[name].labels)
        assert not {"periodic", "pulsator", "eclipsing"} & {
            *CLASSES[name].labels,
            *CLASSES[name].unknown,
        }


def test_no_label_is_both_known_and_unknown():
    for member in CLASSES.values():
        assert not set(member.labels) & set(member.unknown)


def _drawn(mix, count, **which):
    return Counter(
        c.name for c in islice(assign_classes(mix, np.random.SeedSequence(1), **which), count)
    )


def test_classes_can_be_left_out_or_named():
    assert set(_drawn("balanced", 500, exclude=("SLSN", "FUORI"))) == set(CLASSES) - {
        "SLSN",
        "FUORI",
    }
    # Of a class that the mix has none of, there is one where it is asked for by name.
    assert _drawn("sky", 300, kinds=("SN-IA", "RRab"))["SN-IA"] > 20
    assert set(_drawn("balanced", 50, kinds=("TDE", "SLSN"), exclude=("SLSN",))) == {"TDE"}


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ({"exclude": ("SNIA",)}, "simulated class: 'SNIA'; allowed: RRab"),
        ({"kinds": ("rrab",)}, "simulated class: 'rrab'"),
        ({"kinds": ("TDE",), "exclude": ("TDE",)}, "without a class"),
    ],
)
def test_classes_that_are_none_are_refused(which, message):
    with pytest.raises(InputError, match=message):
        assign_classes("sky", np.random.SeedSequence(1), **which)


def test_longer_runs_begin_like_shorter_ones():
    assert _names("sky", 1200)[:700] == _names("sky", 700)


def test_seeds_change_the_order():
    assert _names("balanced", 50, 1) != _names("balanced", 50, 2)


def test_unknown_names_are_refused_with_those_that_exist():
    with pytest.raises(InputError, match="allowed: RRab"):
        labels_of("RRabc")
    with pytest.raises(InputError, match="allowed: sky, balanced"):
        assign_classes("half", np.random.SeedSequence(1))


def test_magnitudes_stay_in_the_range_of_the_class():
    rng = np.random.default_rng(1)
    for member in CLASSES.values():
        mags = [member.draw_r_mag(rng) for _ in range(50)]
        assert member.r_mag[0] <= min(mags) <= max(mags) <= member.r_mag[1]
