"""How far an ensemble can be trusted, by what its members say of objects that they never saw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.active.summary import entropy

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Temperature:
    """Mean probabilities with their evidence divided by one number, and the classes' shares.

    Attributes
    ----------
    temperature : float
    bias : (k,) float64
        Added to the log probabilities.
    """

    temperature: float
    bias: Floats

    def __call__(self, p: npt.NDArray[np.floating]) -> Floats:
        """Return calibrated probabilities (n, k)."""
        logits = np.log(np.clip(p, 1e-6, 1)) / self.temperature + self.bias
        logits -= logits.max(axis=1, keepdims=True)
        weight = np.exp(logits)
        return np.asarray(weight / weight.sum(axis=1, keepdims=True), dtype=np.float64)


def fit_temperature(p: npt.NDArray[np.floating], y: npt.NDArray[np.int64]) -> Temperature:
    """Fit a temperature and biases (Guo et al. 2017) to out-of-bag probabilities.

    Parameters
    ----------
    p : (n, k) array
        Rows with NaN, which every member learnt from, are left out.
    y : (n,) int64
    """
    from scipy.optimize import minimize

    spoke = np.isfinite(p).all(axis=1)
    p, y, k = p[spoke], y[spoke], p.shape[1]

    def loss(parameters: Floats) -> float:
        fitted = Temperature(float(np.exp(parameters[0])), np.append(parameters[1:], 0.0))(p)
        penalty = 1e-3 * float((parameters**2).sum())
        return float(-np.log(fitted[np.arange(len(y)), y] + 1e-12).mean()) + penalty

    best = minimize(loss, np.zeros(k), method="Nelder-Mead", options={"maxiter": 2000}).x
    return Temperature(float(np.exp(best[0])), np.append(best[1:], 0.0))


def expected_calibration_error(
    p: npt.NDArray[np.floating], y: npt.NDArray[np.int64], bins: int = 10
) -> float:
    """Return the mean gap between confidence and accuracy over bins of as many rows each.

    `p`: (n, k) float, probabilities of k classes; `y`: (n,) int64, the true class. Guo et al. 2017,
    arXiv 1706.04599, but with bins of equal numbers.
    """
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    parts = np.array_split(np.argsort(confidence, kind="stable"), bins)
    gaps = [
        abs(confidence[part].mean() - right[part].mean()) * len(part) for part in parts if len(part)
    ]
    return float(sum(gaps) / len(y))


def wrong_by_certainty(
    p: npt.NDArray[np.floating], y: npt.NDArray[np.int64], share: float = 0.05
) -> tuple[float, float]:
    """Return the share of wrong answers among the most and the least certain rows.

    `p`: (n, k) float, probabilities of k classes; `y`: (n,) int64, the true class. `share` of the
    rows are taken at either end.
    """
    order = np.argsort(entropy(p), kind="stable")
    size = max(1, round(share * len(y)))
    wrong = p.argmax(axis=1) != y
    return float(wrong[order[:size]].mean()), float(wrong[order[-size:]].mean())
