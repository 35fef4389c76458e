"""What the members of an ensemble say of an object together.

Members are any that disagree: networks of bootstrap samples or of other seeds, passes with
dropout left on, several algorithms. All that is needed of them is a table of probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.errors import InputError

Floats = npt.NDArray[np.float64]

TINY = 1e-12
"""Probabilities below it count as none in sums of p log p."""


@dataclass(frozen=True)
class Summary:
    """Summary of n objects and k classes; logarithms are natural, all arrays float64.

    Attributes
    ----------
    mean : (n, k)
        Mean probability. NaN, as all others, where no member spoke.
    votes : (n, k)
        Share of the members whose most probable class it is.
    entropy : (n,)
        Of the mean probabilities; at most ln k.
    member_entropy : (n,)
        Mean of the members' entropies.
    mutual_information : (n,)
        Difference of both (BALD; Houlsby et al. 2011, arXiv 1112.5745): what members disagree
        about, without what each of them is in doubt about.
    vote_entropy : (n,)
        Of the votes.
    margin : (n,)
        Between the two most probable classes.
    least_confidence : (n,)
        1 less the largest mean probability.
    spread : (n,)
        Standard deviation over members of the probability of the most probable class.
    n_members : (n,) int64
        Members that spoke.
    """

    mean: Floats
    votes: Floats
    entropy: Floats
    member_entropy: Floats
    mutual_information: Floats
    vote_entropy: Floats
    margin: Floats
    least_confidence: Floats
    spread: Floats
    n_members: npt.NDArray[np.int64]


def entropy(p: npt.NDArray[np.floating]) -> Floats:
    """Return the entropy (natural logarithm) along the last axis; shares that are 0 add nothing.

    `p`: (..., k) float; the result: (...) float64.
    """
    p = np.asarray(p, dtype=np.float64)
    return np.asarray(-(p * np.log(np.maximum(p, TINY))).sum(axis=-1), dtype=np.float64)


def summarise(p: npt.NDArray[np.floating]) -> Summary:
    """Summarise the probabilities of members.

    Parameters
    ----------
    p : (n, m, k) array
        Of n objects, m members and k classes, summing to 1 over classes. A member whose
        probabilities are NaN did not speak of the object, such as one that learnt from it.

    Raises
    ------
    InputError
        If there are fewer than two classes, or a probability is not from 0 to 1.
    """
    p = np.asarray(p, dtype=np.float64)
    _check(p)
    spoke = ~np.isnan(p).any(axis=2)
    n_members = spoke.sum(axis=1)
    filled = np.where(spoke[..., None], p, 0.0)
    share = np.where(n_members > 0, 1.0 / np.maximum(n_members, 1), np.nan)
    mean = filled.sum(axis=1) * share[:, None]
    hard = np.eye(p.shape[2])[filled.argmax(axis=2)] * spoke[..., None]
    votes = hard.sum(axis=1) * share[:, None]
    member_entropy = (entropy(filled) * spoke).sum(axis=1) * share
    total = entropy(mean)
    top = np.sort(mean, axis=1)
    return Summary(
        mean=mean,
        votes=votes,
        entropy=total,
        member_entropy=member_entropy,
        mutual_information=np.maximum(total - member_entropy, 0.0),
        vote_entropy=entropy(votes),
        margin=top[:, -1] - top[:, -2],
        least_confidence=1.0 - top[:, -1],
        spread=_spread(filled, spoke, mean, share),
        n_members=n_members,
    )


def _spread(filled: Floats, spoke: npt.NDArray[np.bool_], mean: Floats, share: Floats) -> Floats:
    best = np.nan_to_num(mean).argmax(axis=1)
    of_best = np.take_along_axis(filled, best[:, None, None], axis=2)[..., 0]
    centre = np.take_along_axis(mean, best[:, None], axis=1)
    variance = ((of_best - centre) ** 2 * spoke).sum(axis=1) * share
    return np.asarray(np.sqrt(variance), dtype=np.float64)


def _check(p: npt.NDArray[np.floating]) -> None:
    if p.ndim != 3 or p.shape[2] < 2:
        raise InputError(
            "probabilities of members",
            value=f"an array of shape {p.shape}",
            allowed="(objects, members, classes) with two classes or more",
        )
    if ((p < -1e-6) | (p > 1 + 1e-6)).any():
        raise InputError(
            "probability of a member", value=float(np.nanmax(np.abs(p))), allowed="0 to 1"
        )


def out_of_bag(
    p: npt.NDArray[np.floating], in_bag: npt.NDArray[np.bool_]
) -> npt.NDArray[np.floating]:
    """Return (n, m, k) probabilities in which members do not speak of what they learnt from.

    Parameters
    ----------
    p : (n, m, k) float
        What m members say of n rows.
    in_bag : (n, m) bool
        Whether a member learnt from an object (from any row of it).

    Returns
    -------
    (n, m, k) float
        With NaN there.
    """
    return np.where(np.asarray(in_bag, bool)[..., None], np.nan, p)
