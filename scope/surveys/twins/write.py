"""Writing the copies of training light curves, with their truth."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError
from scope.features.generate import ACCEPTED
from scope.identifiers import Scheme, decode
from scope.io import TableWriter, read_metadata, read_schema, read_table
from scope.lightcurves.cleaning import CleaningOptions, good_epochs
from scope.lightcurves.curves import HJD_OF_HMJD_ZERO
from scope.lightcurves.files import iter_raw_lightcurves
from scope.provenance import record
from scope.schema import require_columns
from scope.surveys.label_map import NOT_VARIABLE, SIMULATION
from scope.surveys.simulation.systematics import draw_systematics
from scope.surveys.twins.labels import (
    KINDS,
    NOISE,
    SHUFFLED,
    SHUFFLED_IN_SEASON,
    VARIABLE,
    possible_kinds,
    twin_labels,
)
from scope.surveys.twins.shuffling import (
    as_alerts,
    shuffled,
    shuffled_in_season,
    weighted_mean,
    white_noise,
)

Floats = npt.NDArray[np.float64]

LIGHT_CURVES = "lightcurves.parquet"
TRUTH = "truth.parquet"

THINNED = "thinned"
ALERTS = "alerts"
COPIES = (THINNED, ALERTS, *KINDS)
"""Kinds of copies: those that vary as their parent does, and twins, which do not vary."""

FIRST_ID = 2**62
"""Ids of copies lie beyond those of any survey, and so say nothing of field and detector."""

PLACE = ("field", "ccd", "quad", "filter")

TRUTH_SCHEMA = pa.schema(
    [
        pa.field("objectid", pa.int64()),
        pa.field("sourceid", pa.string()),
        pa.field("survey", pa.string()),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("unknown", pa.list_(pa.string())),
        pa.field("parent", pa.int64()),
        pa.field("copy", pa.string()),
    ]
)


@dataclass(frozen=True)
class CopyOptions:
    """Which copies are made.

    Attributes
    ----------
    twins : float
        Twins of a light curve, on average.
    kinds : sequence of str
        Of `KINDS`; each twin is of one, drawn from those that its parent can have.
    thinned : float
        Share of the light curves that get a copy with few epochs, which has twins of its own.
    alerts : float
        Share of these that keep nothing but what would have raised an alert, where that is
        enough.
    few_epochs : sequence of int
        Fewest and most epochs of such a copy.
    seed : int

    Raises
    ------
    InputError
        If a kind is unknown, or a number is out of range.
    """

    twins: float = 1.0
    kinds: Sequence[str] = KINDS
    thinned: float = 0.0
    alerts: float = 0.3
    few_epochs: Sequence[int] = (20, 50)
    seed: int = 1

    def __post_init__(self) -> None:
        shares = 0 <= self.thinned <= 1 and 0 <= self.alerts <= 1
        if self.twins < 0 or not shares or not 2 <= self.few_epochs[0] <= self.few_epochs[1]:
            raise InputError(
                "copies of training light curves",
                value=asdict(self),
                allowed="twins from 0 on, shares from 0 to 1, 2 few epochs or more, rising",
            )
        if not self.kinds or set(self.kinds) - set(KINDS):
            raise InputError("kinds of twins", value=", ".join(self.kinds), allowed=KINDS)


@dataclass(frozen=True)
class Parent:
    """A training light curve, cleaned, with its truth.

    Attributes
    ----------
    objectid : int
    star, survey : str
    labels, unknown : list of str
    place : dict of str to int
        Field, detector, quadrant and filter, where known.
    ra, dec : float
        Degrees; NaN where unknown.
    time : (n,) float64
        Modified heliocentric Julian dates, ascending.
    mag, magerr : (n,) float64
    """

    objectid: int
    star: str
    survey: str
    labels: list[str]
    unknown: list[str]
    place: dict[str, int]
    ra: float
    dec: float
    time: Floats
    mag: Floats
    magerr: Floats

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True)
class LightCurveCopy:
    """A copy: its kind, its parent, its points and its labels."""

    kind: str
    number: int
    parent: Parent
    time: Floats
    mag: Floats
    magerr: Floats
    labels: list[str]
    unknown: list[str]

    @property
    def objectid(self) -> int:
        """An id of its own, that of no survey, from those of its parent and its number."""
        text = f"{self.parent.objectid}:{self.number}"
        return FIRST_ID + int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


def make_twins(
    light_curves: str | Path,
    truth: str | Path,
    output: str | Path,
    *,
    cleaning: CleaningOptions | None = None,
    options: CopyOptions | None = None,
    skip_unlabelled: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> Counter[str]:
    """Write copies of training light curves: twins that do not vary, and thinned ones.

    A twin has the epochs and errors of its parent (`scope.surveys.twins.labels` has the
    rules of its labels), so that no class is told from the cadence. Where a survey has
    constant stars of its own, fewer of its variable stars get twins: in each survey as many
    light curves are constant as are variable, for one twin each. The same arguments give
    the same bytes, and a light curve gets the same copies whatever others there are, but for
    that share.

    Parameters
    ----------
    light_curves : path
        As `scope.features.generate.generate_features` reads them, raw or cleaned.
    truth : path
        ``objectid``, ``sourceid``, ``labels`` of each; where there, ``unknown``, ``survey``,
        ``ra`` and ``dec``.
    output : path
        Folder that gets ``lightcurves.parquet`` and ``truth.parquet``, with the ``parent``
        and the kind (``copy``) of each.
    cleaning : CleaningOptions, optional
        Copies are made of the epochs that it keeps, of light curves that it keeps.
    options : CopyOptions, optional
    skip_unlabelled : bool
        Make no copies of light curves without truth, and do not raise.
    facts : mapping, optional
        Further facts for the records.

    Returns
    -------
    Counter of str
        Copies by kind.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    InputError
        If a light curve has no truth.
    """
    cleaning, options = cleaning or CleaningOptions(), options or CopyOptions()
    lines = read_truth(truth)

    def parents() -> Iterator[Parent]:
        return read_parents(light_curves, lines, cleaning, skip_unlabelled)

    shares = _shares(parents(), options)
    metadata = record(
        "twins", read_metadata(light_curves), **{**(facts or {}), "copies": asdict(options)}
    )
    counts: Counter[str] = Counter()
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    schema = _curve_schema(light_curves)
    curves = TableWriter(output / LIGHT_CURVES, schema, metadata)
    with curves, TableWriter(output / TRUTH, TRUTH_SCHEMA, metadata) as lists:
        for parent in parents():
            copies = list(copies_of(parent, options, shares.get(parent.survey, 1.0)))
            counts.update(copy.kind for copy in copies)
            curves.write(pa.Table.from_pylist([_curve_row(copy) for copy in copies], schema))
            lists.write(pa.Table.from_pylist([_truth_row(copy) for copy in copies], TRUTH_SCHEMA))
    return counts


def copies_of(parent: Parent, options: CopyOptions, share: float = 1.0) -> Iterator[LightCurveCopy]:
    """Yield the copies of a light curve.

    Parameters
    ----------
    parent : Parent
    options : CopyOptions
    share : float
        Of variable light curves that get twins, see `make_twins`.
    """
    digest = hashlib.sha256(f"{options.seed}:{parent.objectid}".encode()).digest()
    rng = np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
    thin = _thinned(rng, parent, options)
    originals = [parent]
    if thin is not None:
        yield thin
        originals.append(_as_parent(thin))
    number = 1
    for original in originals:
        for kind in _draw_kinds(rng, original, options, share):
            yield _twin(rng, kind, number, original)
            number += 1


def _shares(parents: Iterator[Parent], options: CopyOptions) -> dict[str, float]:
    """Return, per survey, the share of variable light curves that get twins.

    So many that the constant light curves, those of other twins included, come to `twins`
    for each variable one.
    """
    counts: dict[str, Counter[str]] = {}
    for parent in parents:
        kind = NOT_VARIABLE if NOT_VARIABLE in parent.labels else "other"
        kind = VARIABLE if VARIABLE in parent.labels else kind
        counts.setdefault(parent.survey, Counter())[kind] += 1
    shares = {}
    for survey, count in counts.items():
        wanted = options.twins * count[VARIABLE]
        there = count[NOT_VARIABLE] + options.twins * count["other"]
        shares[survey] = float(np.clip((wanted - there) / wanted, 0.0, 1.0)) if wanted else 0.0
    return shares


def _draw_kinds(
    rng: np.random.Generator, parent: Parent, options: CopyOptions, share: float
) -> list[str]:
    """Draw the kinds of the twins of a light curve, each once before any comes twice.

    A twin of which it is not known whether it varies has another one beside it that does not:
    else there would be fewer constant light curves on the cadences of some classes.
    """
    possible = possible_kinds(options.kinds, parent.labels, parent.unknown)
    wanted = options.twins * (share if VARIABLE in parent.labels else 1.0)
    count = int(wanted + rng.random()) if possible else 0
    order = [possible[k] for k in rng.permutation(len(possible))]
    drawn = [order[k % len(order)] for k in range(count)]
    constant = [kind for kind in order if NOT_VARIABLE in twin_labels(kind, parent.labels)[0]]
    open_ones = sum(kind not in constant for kind in drawn)
    return drawn + [constant[k % len(constant)] for k in range(open_ones if constant else 0)]


def _thinned(
    rng: np.random.Generator, parent: Parent, options: CopyOptions
) -> LightCurveCopy | None:
    """Draw a copy with few epochs, or none."""
    low, high = options.few_epochs
    if rng.random() >= options.thinned or len(parent) <= low:
        return None
    kind, rows = THINNED, np.arange(len(parent))
    if rng.random() < options.alerts:
        raised = np.flatnonzero(as_alerts(parent.mag, parent.magerr))
        if len(raised) >= low:
            kind, rows = ALERTS, raised
    count = min(int(rng.integers(low, high + 1)), len(rows))
    rows = np.sort(rng.choice(rows, size=count, replace=False))
    points = parent.time[rows], parent.mag[rows], parent.magerr[rows]
    return LightCurveCopy(kind, 0, parent, *points, parent.labels, parent.unknown)


def _twin(rng: np.random.Generator, kind: str, number: int, parent: Parent) -> LightCurveCopy:
    mag, magerr = parent.mag, parent.magerr
    if kind in (SHUFFLED, SHUFFLED_IN_SEASON):
        season = kind == SHUFFLED_IN_SEASON
        order = shuffled_in_season(rng, parent.time) if season else shuffled(rng, len(parent))
        mag, magerr = mag[order], magerr[order]
    else:
        mag = white_noise(rng, mag, magerr)
        if kind != NOISE:
            mean = weighted_mean(parent.mag, magerr)
            mag = mag + draw_systematics(rng, parent.time, mean, *_position(rng, parent))
    labels, unknown = twin_labels(kind, parent.labels)
    return LightCurveCopy(kind, number, parent, parent.time, mag, magerr, labels, unknown)


def _position(rng: np.random.Generator, parent: Parent) -> tuple[float, float]:
    """Return the position of a star, or any that ZTF can observe where it is not known."""
    if np.isfinite(parent.ra) and np.isfinite(parent.dec):
        return parent.ra, parent.dec
    return float(rng.uniform(0.0, 360.0)), float(rng.uniform(-25.0, 85.0))


def _as_parent(copy: LightCurveCopy) -> Parent:
    """Return a thinned copy as a light curve that gets twins."""
    values = {**vars(copy.parent), "time": copy.time, "mag": copy.mag, "magerr": copy.magerr}
    return Parent(**values)


def read_truth(path: str | Path) -> dict[int, dict[str, Any]]:
    """Return the lines of a truth table by ``objectid``: star, labels, and what else there is.

    Raises
    ------
    MissingColumnError
    """
    names = read_schema(path).names
    needed = ("objectid", "sourceid", "labels")
    require_columns(names, needed, f" in {path}")
    wanted = [*needed, *(name for name in ("unknown", "survey", "ra", "dec") if name in names)]
    return {line["objectid"]: line for line in read_table(path, wanted).to_pylist()}


def read_parents(
    path: str | Path,
    truth: Mapping[int, Mapping[str, Any]],
    cleaning: CleaningOptions,
    skip_unlabelled: bool = False,
) -> Iterator[Parent]:
    """Yield the light curves of a file that cleaning keeps, with their truth.

    Parameters
    ----------
    path : path
        Raw or cleaned light curves.
    truth : mapping
        Of `read_truth`.
    cleaning : CleaningOptions
    skip_unlabelled : bool
        Leave out light curves without truth, and do not raise.

    Raises
    ------
    MissingColumnError
    InputError
        If a light curve has no truth.
    """
    present = read_schema(path).names
    names = {
        meaning: next((name for name in accepted if name in present), None)
        for meaning, accepted in ACCEPTED.items()
    }
    require_columns(present, [names[m] or m for m in ("_id", "time", "mag")], f" in {path}")
    further = [name for m in (*PLACE, "ra", "dec") if (name := names[m]) is not None]
    stream = iter_raw_lightcurves(
        path,
        id_column=names["_id"] or "",
        time_column=names["time"] or "",
        columns=further,
        flags=names["catflags"] is not None,
    )
    for table, raw in stream:
        good = good_epochs(raw, cleaning)
        zero = good.time_zero_hjd - HJD_OF_HMJD_ZERO
        for row, line in enumerate(table.to_pylist()):
            points = slice(good.offsets[row], good.offsets[row + 1])
            if points.stop - points.start < cleaning.min_epochs:
                continue
            objectid = int(good.ids[row])
            if objectid not in truth and skip_unlabelled:
                continue
            if objectid not in truth:
                raise InputError(
                    f"light curve of {path} without a line of truth",
                    value=objectid,
                    todo="give the truth of all light curves",
                )
            about = truth[objectid]
            ra, dec = (_number(line.get(names[m]), about.get(m)) for m in ("ra", "dec"))
            yield Parent(
                objectid,
                str(about["sourceid"]),
                about.get("survey", SIMULATION),
                list(about["labels"]),
                list(about.get("unknown") or ()),
                _place(objectid, {m: line.get(names[m]) for m in PLACE}),
                ra,
                dec,
                good.time[points] + zero,
                good.mag[points].astype(np.float64),
                good.magerr[points].astype(np.float64),
            )


def _place(objectid: int, columns: Mapping[str, Any]) -> dict[str, int]:
    """Return where a light curve is from: as its id says, else as its columns say."""
    said = decode([objectid])
    if said.scheme[0] != Scheme.OPAQUE:
        return {name: int(getattr(said, name)[0]) for name in PLACE}
    return {name: int(value) for name, value in columns.items() if value is not None}


def _number(*values: Any) -> float:
    """Return the first number that is there, NaN if none is."""
    return next((float(value) for value in values if value is not None), float("nan"))


def _curve_schema(path: str | Path) -> pa.Schema:
    """Return the schema of copies, magnitudes as wide as those of their parents."""
    wide = pa.list_(pa.float64())
    narrow = read_schema(path).field("mag").type == pa.list_(pa.float32())
    mag = pa.list_(pa.float32()) if narrow else wide
    names = {"objectid": pa.int64(), **dict.fromkeys(PLACE, pa.int32())}
    names |= {"objra": pa.float64(), "objdec": pa.float64()}
    return pa.schema(list({**names, "hmjd": wide, "mag": mag, "magerr": mag}.items()))


def _curve_row(copy: LightCurveCopy) -> dict[str, Any]:
    parent = copy.parent
    return {
        "objectid": copy.objectid,
        **parent.place,
        "objra": parent.ra if np.isfinite(parent.ra) else None,
        "objdec": parent.dec if np.isfinite(parent.dec) else None,
        "hmjd": copy.time,
        "mag": copy.mag,
        "magerr": copy.magerr,
    }


def _truth_row(copy: LightCurveCopy) -> dict[str, Any]:
    return {
        "objectid": copy.objectid,
        "sourceid": copy.parent.star,
        "survey": copy.parent.survey,
        "labels": copy.labels,
        "unknown": copy.unknown,
        "parent": copy.parent.objectid,
        "copy": copy.kind,
    }
