"""A training set, read, split by star, filled and scaled."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.config.classes import ClassDefinition
from scope.errors import InputError
from scope.models.training.class_examples import Examples, balanced, label_targets
from scope.models.training.splits import (
    FOLD_SALT,
    SETS,
    TEST,
    TRAIN,
    VALIDATION,
    kept_together,
    sky_blocks,
    split_by_star,
    star_fraction,
)
from scope.preprocessing.frozen import Preprocessing
from scope.preprocessing.impute import CHECKED_FACTS
from scope.preprocessing.matrices import histogram_matrix
from scope.preprocessing.novelty import Novelty
from scope.surveys.label_map import SIMULATION
from scope.tasks.variables.training_sets.read_training_set import (
    STAR,
    SURVEY,
    check_labels,
    read_training_set,
)

logger = logging.getLogger(__name__)

SLICE_COLUMNS = {"magnitude": "median", "epochs": "n_epochs", "period": "period_{suffix}"}
"""What evaluation tells rows apart by -> column of a training set, where it has it."""

VARIABLE = "variable"
"""Label that tells the groups of usual light curves apart, in training sets that have it."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class DataOptions:
    """Options of how a training set is split and prepared.

    Attributes
    ----------
    test_size, val_size : float
        Part of the stars for the test set, and of the others for the validation set.
    sky_block_deg : float, optional
        Size of blocks of the sky that are split instead of stars.
    scaling : {"min_max", "median_std", "quantile"}
    scales : mapping of column to statistics, optional
        ``min``, ``max``, ``median`` and ``std`` to scale by; None takes those of the rows of
        training stars.
    clip : bool
        Scale values beyond the training range like its ends.
    n_neighbors, n_reference : int
        Of the ``regress`` imputation.
    seed : int
        Of every draw: reference rows, balance, weights of the models.
    novelty : bool
        Learn what light curves unlike all of these look like; see `scope.preprocessing.novelty`.
    """

    test_size: float = 0.1
    val_size: float = 0.1
    sky_block_deg: float | None = None
    scaling: str = "min_max"
    scales: Mapping[str, Mapping[str, float | None]] | None = None
    clip: bool = True
    n_neighbors: int = 5
    n_reference: int = 4000
    seed: int = 42
    novelty: bool = True

    def record(self) -> dict[str, Any]:
        """Return all options; a size of blocks only where there are blocks."""
        options = asdict(self)
        if self.sky_block_deg is None:
            del options["sky_block_deg"]
        return options


@dataclass(frozen=True)
class TrainingData:
    """Rows that are ready for training: those in which all features are defined.

    Attributes
    ----------
    preprocessing : Preprocessing
        Fitted on the rows of the training stars.
    values : (n, k) float32
        Filled and scaled, columns as `preprocessing.features`.
    dmdt : (n, 676) float32
    sets : (n,) int8
        0 train, 1 validation, 2 test.
    stars : (n,) int64
        Number of the star.
    groups : (n,) int64
        Number of what no split takes apart: of the star, or of its block of the sky.
    labels : dict of str to (n,) float64
        Probabilities, by column.
    seed : int
        Of the draw that balances classes.
    row_numbers : (n,) int64
        Number of the row in the training set.
    fold_at : (n,) float64
        From 0 to below 1, by the name of the group: where it falls in a cut into folds.
    slices : dict of str to (n,) float64
        Of `SLICE_COLUMNS`, those that the training set has.
    observed : (n,) bool or None
        Which rows are not simulated; None where the training set has no column ``survey``.
    """

    preprocessing: Preprocessing
    values: Floats
    dmdt: Floats
    sets: npt.NDArray[np.int8]
    stars: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    labels: dict[str, npt.NDArray[np.float64]]
    seed: int
    row_numbers: npt.NDArray[np.int64]
    fold_at: npt.NDArray[np.float64]
    slices: dict[str, npt.NDArray[np.float64]]
    observed: npt.NDArray[np.bool_] | None = None

    def columns(self, features: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return where `features` stand in `values`.

        (k,) int64, positions of k `features`.
        """
        place = {name: i for i, name in enumerate(self.preprocessing.features)}
        return np.array([place[name] for name in features], dtype=np.int64)

    def examples(
        self, definition: ClassDefinition, features: Sequence[str]
    ) -> tuple[Examples, Examples, Examples]:
        """Return the train (balanced), validation and test rows of a class.

        Raises
        ------
        InputError
            If training or validation rows lack positive or negative examples.
        """
        positive, member = self.targets(definition)
        parts = []
        for number in (TRAIN, VALIDATION, TEST):
            rows = np.flatnonzero(member & (self.sets == number))
            parts.append(self.rows(definition, features, rows))
            if number != TEST and not _two_sided(positive[rows]):
                raise InputError(
                    f"class {definition.tag!r} cannot be trained, its {SETS[number]} set needs "
                    "positive and negative rows",
                    value=f"{int(positive[rows].sum())} of {len(rows)} rows have "
                    f"{definition.label!r} above {definition.threshold}",
                    todo="add labelled stars, or leave out the class",
                )
        return balanced(parts[TRAIN], definition.balance, self.seed), parts[VALIDATION], parts[TEST]

    def rows(
        self, definition: ClassDefinition, features: Sequence[str], rows: npt.NDArray[np.int64]
    ) -> Examples:
        """Return some rows for a class.

        `rows`: (n,) int64, row numbers.
        """
        positive, _ = self.targets(definition)
        columns = self.columns(features)
        return Examples(
            self.values[rows][:, columns], self.dmdt[rows], positive[rows], self.groups[rows]
        )

    def fold(
        self, definition: ClassDefinition, features: Sequence[str], number: int, n_folds: int
    ) -> tuple[Examples, npt.NDArray[np.int64]]:
        """Return what a model of a fold learns from (balanced), and the rows it must not see.

        Training stars are cut into `n_folds` by the hash of their names, or of those of their
        blocks of the sky; the rows of those in fold `number` are left out.

        The rows: (m,) int64.
        """
        learnt, left_out = self.fold_rows(definition, number, n_folds)
        part = self.rows(definition, features, learnt)
        return balanced(part, definition.balance, self.seed), left_out

    def fold_rows(
        self, definition: ClassDefinition, number: int, n_folds: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the rows that a model of a fold may learn from, and those that it must not see.

        (k,) and (m,) int64, row numbers.
        """
        _, member = self.targets(definition)
        candidates = member & (self.sets == TRAIN)
        inside = (self.fold_at * n_folds).astype(np.int64) == number
        return np.flatnonzero(candidates & ~inside), np.flatnonzero(candidates & inside)

    def targets(
        self, definition: ClassDefinition
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return which rows are positive, and which belong to the class's data at all.

        (n,) bool both.
        """
        negatives = definition.negative_label
        return label_targets(
            self.labels[definition.label],
            None if negatives is None else self.labels[negatives],
            definition,
        )

    def summary(self) -> dict[str, dict[str, int]]:
        """Return the number of rows and stars of each set, and of blocks if such were split."""
        found = {
            name: {
                "rows": int((self.sets == number).sum()),
                "stars": len(np.unique(self.stars[self.sets == number])),
            }
            for number, name in enumerate(SETS)
        }
        if not np.array_equal(self.groups, self.stars):
            for number, name in enumerate(SETS):
                found[name]["blocks"] = len(np.unique(self.groups[self.sets == number]))
        return found


def _two_sided(positive: npt.NDArray[np.bool_]) -> bool:
    return bool(positive.any() and not positive.all())


def load_training_data(
    path: str | Path,
    definitions: Sequence[ClassDefinition],
    *,
    features: Sequence[str],
    impute: Mapping[str, str],
    period_suffix: str,
    options: DataOptions | None = None,
) -> TrainingData:
    """Read a training set, split it by star and prepare it.

    The split comes first: imputer and scaler see the rows of training stars only.

    Parameters
    ----------
    path : path
        Feature columns, ``dmdt``, label columns from 0 to 1, and what names the star; see
        `read_training_set`.
    features : sequence of str
        Columns of all models together.
    impute : mapping of feature to strategy

    Raises
    ------
    MissingColumnError
        If a column is missing.
    InputError
        If there are no rows, a label is not from 0 to 1, there are no rows in which all
        features are defined, or too few blocks of the sky where these are split.
    """
    options = options or DataOptions()
    labels = list(dict.fromkeys(label_columns(definitions)))
    places = [] if options.sky_block_deg is None else ["ra", "dec"]
    needed = list(dict.fromkeys([*features, "dmdt", *labels, *places]))
    wanted = {name: column.format(suffix=period_suffix) for name, column in SLICE_COLUMNS.items()}
    further = [*wanted.values(), SURVEY, VARIABLE]
    table, facts = read_training_set(path, needed, further, period_suffix)
    check_labels(table, labels, path)
    slices = {name: column for name, column in wanted.items() if column in table.schema.names}
    stars, star_of_row = np.unique(table.column(STAR).to_pylist(), return_inverse=True)
    groups = _groups(table, stars, star_of_row, options.sky_block_deg)
    split = split_by_star(groups, test_size=options.test_size, val_size=options.val_size)
    sets = split[star_of_row]
    _check_sets(split, groups, options)
    group_of_star = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    preprocessing = Preprocessing.fit(
        table.filter(pa.array(sets == TRAIN)),
        features,
        impute,
        scaling=options.scaling,
        scales=options.scales,
        clip=options.clip,
        n_neighbors=options.n_neighbors,
        n_reference=options.n_reference,
        period_suffix=period_suffix,
        seed=options.seed,
        made_with={name: facts[name] for name in CHECKED_FACTS if name in facts},
    )
    if options.novelty:
        preprocessing = _with_novelty(preprocessing, table, sets, options.seed)
    prepared = preprocessing.transform(table)
    dmdt, has_dmdt = histogram_matrix(table.column("dmdt"))
    rows = np.flatnonzero(prepared.ok & has_dmdt)
    return TrainingData(
        preprocessing=preprocessing,
        values=np.asarray(prepared.values[rows], dtype=np.float32),
        dmdt=dmdt[rows],
        sets=sets[rows],
        stars=star_of_row.astype(np.int64)[rows],
        groups=group_of_star[star_of_row][rows],
        labels={name: _numbers(table, name)[rows] for name in labels},
        seed=options.seed,
        row_numbers=rows,
        fold_at=np.array([star_fraction(name, FOLD_SALT) for name in groups])[star_of_row][rows],
        slices={name: _numbers(table, column)[rows] for name, column in slices.items()},
        observed=_observed(table)[rows] if SURVEY in table.schema.names else None,
    )


def _with_novelty(
    preprocessing: Preprocessing, table: pa.Table, sets: npt.NDArray[np.int8], seed: int
) -> Preprocessing:
    """Return a preprocessing that knows strange rows: those far from training stars' rows.

    What distances are usual is learnt from validation stars, variable ones and others apart.
    """
    filled = preprocessing.fill(table)
    variable = np.zeros(table.num_rows)
    if VARIABLE in table.schema.names:
        variable = _numbers(table, VARIABLE)
    groups = np.where(np.isfinite(variable), variable > 0.5, -1).astype(np.int64)
    learnt, others = (filled.ok & (sets == number) for number in (TRAIN, VALIDATION))
    novelty = Novelty.fit(
        preprocessing.features,
        np.asarray(filled.values[learnt], dtype=np.float64),
        np.asarray(filled.values[others], dtype=np.float64),
        groups[others],
        seed=seed,
    )
    return replace(preprocessing, novelty=novelty)


def _check_sets(split: npt.NDArray[np.int8], groups: Sequence[str], options: DataOptions) -> None:
    """Raise InputError if blocks of the sky are so few that a set gets none."""
    counts = [len({g for g, s in zip(groups, split, strict=True) if s == n}) for n in range(3)]
    if options.sky_block_deg is not None and not all(counts):
        raise InputError(
            "too few blocks of the sky to split",
            value=", ".join(f"{name} {count}" for name, count in zip(SETS, counts, strict=True)),
            allowed="some for each set",
            todo="choose a smaller sky_block_deg, or a training set of more of the sky",
        )


def _groups(
    table: pa.Table,
    stars: npt.NDArray[np.str_],
    star_of_row: npt.NDArray[np.int64],
    sky_block_deg: float | None,
) -> list[str]:
    """Return the name of what each star is split with: its own, or that of its block."""
    if sky_block_deg is None:
        return [str(star) for star in stars]
    blocks = sky_blocks(_numbers(table, "ra"), _numbers(table, "dec"), sky_block_deg)
    groups = kept_together(stars, star_of_row, blocks)
    alone = sum(group == star for group, star in zip(groups, stars, strict=True))
    if alone == len(stars):
        raise InputError(
            "training set without positions cannot be split by blocks of the sky",
            value=f"none of {len(stars)} stars has ra and dec",
            todo="fill these columns, or leave out sky_block_deg to split by star",
        )
    if alone:
        logger.warning(
            "%d of %d stars have no position and are split by themselves", alone, len(stars)
        )
    return groups


def _observed(table: pa.Table) -> npt.NDArray[np.bool_]:
    """Return which rows are not simulated."""
    return np.array([name != SIMULATION for name in table.column(SURVEY).to_pylist()], np.bool_)


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    values = table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(values)


def label_columns(definitions: Sequence[ClassDefinition]) -> list[str]:
    names = [item.label for item in definitions]
    return names + [item.negative_label for item in definitions if item.negative_label is not None]
