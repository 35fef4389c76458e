"""The classes of the simulated sky: names, labels, numbers, magnitudes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scope.errors import InputError
from scope.surveys.simulation import binaries, giants, others, pulsators, transients
from scope.surveys.simulation.simulated_star import Physique, Variability

Draw = Callable[[np.random.Generator], tuple[Variability, Physique]]

_MAGNITUDE_SLOPE = 0.10


@dataclass(frozen=True)
class StarClass:
    """One class.

    Attributes
    ----------
    name : str
        Of the truth table.
    labels : tuple of str
        Columns of a training set that are true for the class.
    draw : callable
        Draws one star.
    r_mag : tuple of float
        Brightest and faintest mean magnitude in r.
    per_500 : int
        Of 500 stars of the mix "sky".
    balanced : int
        Of each round of the mix "balanced".
    unknown : tuple of str
        Labels that stars of the class may have or not.
    """

    name: str
    labels: tuple[str, ...]
    draw: Draw
    r_mag: tuple[float, float]
    per_500: int
    balanced: int = 1
    unknown: tuple[str, ...] = ()

    def draw_r_mag(self, rng: np.random.Generator) -> float:
        """Draw a mean magnitude in r; counts rise slowly towards the faint limit."""
        low, high = (10 ** (_MAGNITUDE_SLOPE * limit) for limit in self.r_mag)
        return float(np.log10(rng.uniform(low, high)) / _MAGNITUDE_SLOPE)


_PERIODIC = ("variable", "periodic")
_PULSATOR = (*_PERIODIC, "pulsator")
_RRAB = (*_PULSATOR, "RR Lyrae", "RR Lyrae ab", "sawtooth")
_CEPHEID = (*_PULSATOR, "Cepheid")
_CEPHEID2 = (*_PULSATOR, "Cepheid type-II")
_GIANT = (*_PULSATOR, "LPV", "long timescale")
_ECLIPSING = (*_PERIODIC, "eclipsing", "binary star")
_COMPACT = (*_ECLIPSING, "EA", "compact binary")
_BOGUS = ("bogus",)
_TRANSIENT = ("variable", "transient")
_ONCE = ("long timescale", "irregular", "flaring")
"""What some call a light curve that changes once, and others not."""

_STRANGERS = (
    StarClass("SN-IA", _TRANSIENT, transients.draw_supernova_ia, (16, 23.5), 0, 2, _ONCE),
    StarClass("SN-II", _TRANSIENT, transients.draw_supernova_ii, (16, 23.5), 0, 2, _ONCE),
    StarClass("SN-IBC", _TRANSIENT, transients.draw_supernova_ibc, (16, 23.5), 0, 1, _ONCE),
    StarClass("SLSN", _TRANSIENT, transients.draw_superluminous, (18, 24.0), 0, 1, _ONCE),
    StarClass(
        "TDE", _TRANSIENT, transients.draw_tidal_disruption, (15.5, 20), 0, 1, (*_ONCE, "AGN")
    ),
    StarClass("NOVA", _TRANSIENT, transients.draw_nova, (19.5, 22.5), 0, 1, (*_ONCE, "CV")),
    StarClass(
        "DN-SUPER",
        (*_TRANSIENT, "flaring", "CV"),
        transients.draw_superoutburst,
        (19.0, 22.0),
        0,
        1,
        ("irregular",),
    ),
    StarClass("ULENS", _TRANSIENT, transients.draw_microlensing, (14.5, 20.0), 0, 2, _ONCE),
    StarClass(
        "RCB",
        ("variable",),
        transients.draw_r_coronae_borealis,
        (12.8, 16.5),
        0,
        1,
        ("irregular", "dipping", "long timescale", "periodic", "pulsator", "multi periodic"),
    ),
    StarClass("FUORI", (*_TRANSIENT, "YSO"), transients.draw_fu_orionis, (16.0, 21.0), 0, 1, _ONCE),
    StarClass("EXLUP", (*_TRANSIENT, "YSO"), transients.draw_ex_lupi, (15.0, 20.0), 0, 1, _ONCE),
    StarClass(
        "BOGUS-MOVING",
        (*_BOGUS, "blend"),
        transients.draw_passing_neighbour,
        (14.0, 20.0),
        0,
        1,
        ("long timescale",),
    ),
    StarClass(
        "BOGUS-SATURATED",
        _BOGUS,
        transients.draw_saturated,
        (12.4, 13.3),
        0,
        1,
        ("bright star", "ccd artifact"),
    ),
    StarClass(
        "BOGUS-TREND",
        _BOGUS,
        transients.draw_uncorrected,
        (12.8, 18.5),
        0,
        2,
        ("ccd artifact", "long timescale"),
    ),
)
"""What is rare: none of the mix "sky", whose files stay as they were."""

_STAR_CLASSES = (
    StarClass("RRab", _RRAB, pulsators.draw_rrab, (13.5, 19.8), 8, 3),
    StarClass(
        "RRab-BL",
        (*_RRAB, "RR Lyrae Blazhko"),
        pulsators.draw_rrab_blazhko,
        (13.5, 19),
        2,
    ),
    StarClass(
        "RRc", (*_PULSATOR, "RR Lyrae", "RR Lyrae c"), pulsators.draw_rrc, (13.5, 19.5), 5, 3
    ),
    StarClass(
        "RRd",
        (*_PULSATOR, "RR Lyrae", "RR Lyrae d", "multi periodic"),
        pulsators.draw_rrd,
        (13.5, 19.0),
        2,
    ),
    StarClass(
        "DSCT", (*_PULSATOR, "Delta Scu", "multi periodic"), pulsators.draw_dsct, (13.0, 17.5), 5, 2
    ),
    StarClass("HADS", (*_PULSATOR, "Delta Scu", "sawtooth"), pulsators.draw_hads, (13.5, 19), 2, 2),
    StarClass("DCEP-F", (*_CEPHEID, "F", "sawtooth"), pulsators.draw_cepheid, (12.8, 18), 2, 3),
    StarClass("DCEP-1O", (*_CEPHEID, "O"), pulsators.draw_cepheid_overtone, (12.8, 18.0), 2),
    StarClass("BLHER", (*_CEPHEID2, "BL Her"), pulsators.draw_bl_herculis, (13.0, 18.0), 2),
    StarClass("WVIR", (*_CEPHEID2, "W Virginis"), pulsators.draw_w_virginis, (12.8, 17.5), 2),
    StarClass("RVTAU", (*_CEPHEID2, "RV Tau"), pulsators.draw_rv_tauri, (12.8, 16.5), 2),
    StarClass("Mira", (*_GIANT, "Mira"), giants.draw_mira, (13.5, 17.5), 3, 3),
    StarClass("SRV", (*_GIANT, "SRV"), giants.draw_semiregular, (12.8, 16.5), 4, 3),
    StarClass(
        "OSARG",
        (*_PULSATOR, "LPV", "OSARG", "multi periodic"),
        giants.draw_osarg,
        (12.8, 15.5),
        3,
    ),
    StarClass(
        "EA",
        (*_ECLIPSING, "EA", "detached eclipsing MS-MS"),
        binaries.draw_detached,
        (13.0, 19.0),
        8,
        4,
    ),
    StarClass("EB", (*_ECLIPSING, "EB", "Beta Lyr"), binaries.draw_semidetached, (13, 19), 5, 4),
    StarClass("EW", (*_ECLIPSING, "EW", "W UMa"), binaries.draw_contact, (13.0, 19.3), 12, 4),
    StarClass(
        "NNSER",
        (*_COMPACT, "eclipsing WD+dM (NN Ser)"),
        binaries.draw_white_dwarf_red_dwarf,
        (15.0, 19.0),
        2,
    ),
    StarClass(
        "HWVIR",
        (*_COMPACT, "eclipsing sdB+dM (HW Vir)"),
        binaries.draw_subdwarf_red_dwarf,
        (13.5, 18.5),
        2,
    ),
    StarClass(
        "ELL",
        (*_PERIODIC, "ellipsoidal", "binary star"),
        binaries.draw_ellipsoidal,
        (13, 17.5),
        4,
        2,
    ),
    StarClass(
        "RSCVN", (*_PERIODIC, "RS CVn", "binary star"), binaries.draw_rs_cvn, (13, 17.5), 6, 3
    ),
    StarClass("ROT", (*_PERIODIC, "sinusoidal"), binaries.draw_rotational, (13.0, 17.0), 5, 2),
    StarClass("AGN", ("variable", "irregular", "AGN"), others.draw_agn, (16.0, 20.0), 5, 3),
    StarClass("CV", ("variable", "flaring", "CV"), others.draw_cv, (15.5, 20.3), 3, 3),
    StarClass(
        "YSO-DIP",
        ("variable", "irregular", "dipping", "YSO"),
        others.draw_yso_dipper,
        (14, 18.5),
        2,
        2,
    ),
    StarClass(
        "YSO-IRR", ("variable", "irregular", "YSO"), others.draw_yso_irregular, (14, 19), 3, 2
    ),
    StarClass("FLARE", ("variable", "flaring"), others.draw_flare_star, (14.5, 18.5), 2, 2),
    StarClass("TREND", ("variable", "long timescale"), others.draw_trend, (13.0, 18.5), 3, 2),
    StarClass("CONST", ("non-variable",), others.draw_constant, (12.8, 20.3), 369, 12),
    StarClass(
        "BOGUS-BRIGHT", (*_BOGUS, "bright star"), others.draw_bright_neighbour, (14.5, 20.0), 5, 2
    ),
    StarClass("BOGUS-BLEND", (*_BOGUS, "blend"), others.draw_blend, (14.0, 19.8), 4, 2),
    StarClass(
        "BOGUS-CCD", (*_BOGUS, "ccd artifact"), others.draw_detector_artefact, (13.5, 19.8), 4, 2
    ),
    StarClass("GALAXY", (*_BOGUS, "extended"), others.draw_galaxy, (16.5, 19.8), 5, 2),
    StarClass("SPURIOUS", _BOGUS, others.draw_spurious, (17.5, 20.5), 7),
    *_STRANGERS,
)

CLASSES: dict[str, StarClass] = {star_class.name: star_class for star_class in _STAR_CLASSES}
"""All simulated classes by name."""

MIXES = ("sky", "balanced")
"""Proportions: those of a field of the sky, most of them constant, or about equal ones."""


def labels_of(name: str) -> tuple[str, ...]:
    """Return the training-set labels that a class implies.

    Raises
    ------
    InputError
        If there is no such class.
    """
    return star_class(name).labels


def star_class(name: str) -> StarClass:
    """Return a class by its name.

    Raises
    ------
    InputError
        If there is no such class.
    """
    if name not in CLASSES:
        raise InputError("simulated class", value=name, allowed=CLASSES)
    return CLASSES[name]


def chosen_classes(
    kinds: Sequence[str] | None = None, exclude: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the names of the classes that are simulated: all or `kinds`, without `exclude`.

    Raises
    ------
    InputError
        If one is no class, or none is left.
    """
    for name in (*(kinds or ()), *exclude):
        star_class(name)
    left = tuple(n for n in CLASSES if (kinds is None or n in kinds) and n not in exclude)
    if not left:
        raise InputError(
            "simulation without a class",
            value=", ".join(exclude),
            allowed=CLASSES,
            todo="leave some of simulation.kinds out of simulation.exclude",
        )
    return left


def assign_classes(
    mix: str,
    seed: np.random.SeedSequence,
    kinds: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
) -> Iterator[StarClass]:
    """Yield the classes of star after star, without end.

    Rounds of fixed content in random order, so that every class is there in its
    proportion, and a longer run begins with the stars of a shorter one. Classes that are
    named in `kinds` are there even where the mix has none of them.

    Raises
    ------
    InputError
        If there is no such mix or class, or no class is left.
    """
    if mix not in MIXES:
        raise InputError("mix of classes", value=mix, allowed=MIXES)
    names = []
    for name in chosen_classes(kinds, exclude):
        share = CLASSES[name].per_500 if mix == "sky" else CLASSES[name].balanced
        names += [name] * max(share, int(kinds is not None))
    return _rounds(names, seed)


def _rounds(names: list[str], seed: np.random.SeedSequence) -> Iterator[StarClass]:
    rng = np.random.default_rng(seed)
    while True:
        for k in rng.permutation(len(names)):
            yield CLASSES[names[k]]
