"""Light curves of eclipsing binaries from their geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_RINGS = 8


@dataclass(frozen=True)
class Binary:
    """Two limb-darkened discs around each other, with tides and reflection.

    Attributes
    ----------
    r1, r2 : float
        Radii over the separation. Star 1 is eclipsed at phase 0.
    cos_i : float
        Cosine of the inclination.
    brightness_ratio : float
        Surface brightness of star 2 over that of star 1.
    mass_ratio : float
        Mass of star 2 over that of star 1.
    eccentricity, periastron : float
        Periastron in radians: the argument of star 1's orbit.
    reflection : float
        Semi-amplitude of the reflection effect over the total light.
    tides : float
        Factor on the ellipsoidal variation: 1 for the theory's first order.
    limb : float
        Linear limb-darkening coefficient.
    """

    r1: float
    r2: float
    cos_i: float
    brightness_ratio: float
    mass_ratio: float = 1.0
    eccentricity: float = 0.0
    periastron: float = 0.0
    reflection: float = 0.0
    tides: float = 1.0
    limb: float = 0.5

    @property
    def eclipse_width_phase(self) -> float:
        """Width of the wider eclipse from first to last contact, in phase; 0 for none."""
        contacts = (self.r1 + self.r2) ** 2 - self.cos_i**2
        if contacts <= 0:
            return 0.0
        sine = np.sqrt(contacts / (1.0 - self.cos_i**2))
        circular = np.arcsin(min(sine, 1.0)) / np.pi
        # At conjunction the stars are closer and faster, or farther and slower.
        e_sin = self.eccentricity * np.sin(self.periastron)
        return float(circular * np.sqrt(1 - self.eccentricity**2) / (1 - abs(e_sin)))

    def magnitude(self, phase: Array) -> Array:
        """Return magnitudes below the light of both stars, (n,) float64.

        `phase`: (n,) float64, cycles of the orbit.

        Notes
        -----
        Eclipses are exact for spheres with linear limb darkening, in rings of equal
        width; the ellipsoidal variation is the leading term of Morris 1985 (ApJ 295,
        143), per star; reflection is a cosine. Dips and tides multiply, as in
        Popper & Etzel 1981 (AJ 86, 102).
        """
        true_anomaly, distance = self._orbit(phase)
        angle = true_anomaly + self.periastron - np.pi / 2
        sin_i = np.sqrt(1.0 - self.cos_i**2)
        projected = distance * np.sqrt(1.0 - (sin_i * np.cos(angle)) ** 2)
        star1_behind = np.cos(angle) > 0

        area1, area2 = self.r1**2, self.r2**2 * self.brightness_ratio
        light1, light2 = area1 / (area1 + area2), area2 / (area1 + area2)
        hidden = np.where(
            star1_behind,
            light1 * _hidden_light(self.r1, self.r2, projected, self.limb),
            light2 * _hidden_light(self.r2, self.r1, projected, self.limb),
        )
        tide = self.tides * (
            light1 * self._tide(self.r1, self.mass_ratio)
            + light2 * self._tide(self.r2, 1.0 / self.mass_ratio)
        )
        out_of_eclipse = (
            1.0
            - tide * sin_i**2 * (1.0 + np.cos(2 * angle)) / distance**3
            - self.reflection * sin_i * (1.0 + np.cos(angle))
        )
        return np.asarray(-2.5 * np.log10(np.maximum(out_of_eclipse * (1.0 - hidden), 1e-3)))

    def _tide(self, radius: float, mass_ratio: float) -> float:
        gravity = 0.35
        return (
            0.15 * (15.0 + self.limb) * (1.0 + gravity) / (3.0 - self.limb) * mass_ratio * radius**3
        )

    def _orbit(self, phase: Array) -> tuple[Array, Array]:
        """Return true anomaly and distance, with the eclipse of star 1 at phase 0."""
        e = self.eccentricity
        conjunction = np.pi / 2 - self.periastron
        if e == 0.0:
            return 2 * np.pi * phase + conjunction, np.ones_like(phase)
        eccentric0 = 2 * np.arctan2(
            np.sqrt(1 - e) * np.sin(conjunction / 2), np.sqrt(1 + e) * np.cos(conjunction / 2)
        )
        mean = 2 * np.pi * phase + eccentric0 - e * np.sin(eccentric0)
        eccentric = mean + e * np.sin(mean)
        for _ in range(12):
            eccentric -= (eccentric - e * np.sin(eccentric) - mean) / (1 - e * np.cos(eccentric))
        anomaly = 2 * np.arctan2(
            np.sqrt(1 + e) * np.sin(eccentric / 2), np.sqrt(1 - e) * np.cos(eccentric / 2)
        )
        return anomaly, 1.0 - e * np.cos(eccentric)


def roche_radius(mass_ratio: float) -> float:
    """Return the radius of a star that fills its Roche lobe, over the separation.

    Parameters
    ----------
    mass_ratio : float
        Mass of the star over that of its companion.

    Notes
    -----
    Eggleton 1983, ApJ 268, 368, equation 2.
    """
    third = mass_ratio ** (1.0 / 3.0)
    return 0.49 * third**2 / (0.6 * third**2 + np.log1p(third))


def _hidden_light(radius: float, other: float, distance: Array, limb: float) -> Array:
    """Return the share of a limb-darkened disc's light that another disc hides."""
    edges = radius * np.arange(_RINGS + 1) / _RINGS
    covered = np.stack([_overlap(edge, other, distance) for edge in edges])
    middle = (np.arange(_RINGS) + 0.5) / _RINGS
    intensity = 1.0 - limb * (1.0 - np.sqrt(1.0 - middle**2))
    total = np.sum(intensity * np.pi * np.diff(edges**2))
    return np.asarray(np.einsum("k,kn->n", intensity, np.diff(covered, axis=0)) / total)


def _overlap(r: float, other: float, distance: Array) -> Array:
    """Return the area that two discs share."""
    if r == 0.0:
        return np.zeros_like(distance)
    smaller = np.pi * min(r, other) ** 2
    d = np.clip(distance, abs(r - other) + 1e-12, r + other - 1e-12)
    angle1 = np.arccos(np.clip((d**2 + r**2 - other**2) / (2 * d * r), -1.0, 1.0))
    angle2 = np.arccos(np.clip((d**2 + other**2 - r**2) / (2 * d * other), -1.0, 1.0))
    kite = np.sqrt(
        np.maximum((-d + r + other) * (d + r - other) * (d - r + other) * (d + r + other), 0.0)
    )
    lens = r**2 * angle1 + other**2 * angle2 - 0.5 * kite
    return np.where(distance >= r + other, 0.0, np.where(distance <= abs(r - other), smaller, lens))
