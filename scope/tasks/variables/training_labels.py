"""Answers about light curves, as rows of a training set: features with a column for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scope.active.labels import Label
from scope.active.settle import settle
from scope.errors import InputError, NotFoundError, few
from scope.features.registry import REGISTRY
from scope.io.values import exact_names
from scope.schema import require_columns

if TYPE_CHECKING:
    import pandas as pd


def labelled_features(
    features: Sequence[str | Path],
    labels: Sequence[Label],
    classes: Sequence[str],
    column: str = "obj_id",
    rule: str = "votes",
    experts: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the features of all light curves of objects that people have labelled.

    Light curves that have no features, for the reason in their column ``reason``, are left out.

    Parameters
    ----------
    features : sequence of path
        Feature files (Parquet).
    labels : sequence of Label
        Of the ledger, one class of several for each object.
    classes : sequence of str
        What people could answer: a column each, 1 for the label and 0 for all others. Labels of
        other classes are left out.
    column : str
        Names the object of a light curve; where it is empty, ``_id`` does.
    rule, experts
        How labels that disagree are settled.

    Returns
    -------
    DataFrame
        With ``ztf_id`` and ``obj_id``, as training sets have them.

    Raises
    ------
    MissingColumnError
        If a file has no ``_id``.
    NotFoundError
        If no light curve has a label.
    InputError
        If a class is called as a feature, or a light curve is in several files.
    """
    import pandas as pd

    from scope.io.frames import read_parquet

    if called := [name for name in classes if name in REGISTRY]:
        raise InputError(
            "class of a training set that is called as a feature",
            value=called[0],
            allowed="another name: the feature would be lost",
        )

    known = [label for label in labels if label.label in classes]
    settled = [one for one in settle(known, rule, experts) if one.weight >= 0.5]
    of_object = {one.object: one.label for one in settled}
    found = []
    for path in features:
        frame = read_parquet(path)
        require_columns(list(frame.columns), ["_id"], f" in {path}")
        ids = frame["_id"].astype(str)
        named = exact_names(frame[column], column, path) if column in frame else ids
        names = [name or own for name, own in zip(named, ids, strict=True)]
        there = np.array([name in of_object for name in names])
        if "reason" in frame:
            there &= frame["reason"].isna().to_numpy()
        part = frame[there].copy()
        part["obj_id"] = [name for name, ok in zip(names, there, strict=True) if ok]
        found.append(part)
    if not found or not sum(map(len, found)):
        raise NotFoundError(
            "no light curve with a label of " + few(classes),
            value=few(map(str, features)),
            todo="name the features that people were asked about",
        )
    joined = pd.concat(found, ignore_index=True)
    if joined["_id"].duplicated().any():
        raise InputError("light curve in several files", value=few(map(str, features)))
    said = joined["obj_id"].map(of_object)
    columns = {name: (said == name).astype(float) for name in classes}
    return joined.assign(ztf_id=joined["_id"], **columns)
