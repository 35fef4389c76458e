"""Passbands: the number that tables keep of each, its name, and where it lies.

The first three are numbered as the Zwicky Transient Facility does; the others follow in the
order in which they were added, since numbers in products never change their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Band:
    """A passband.

    Attributes
    ----------
    number : int
        Column ``filter`` of all tables, from 1.
    name : str
    wavelength_nm : int
        About its middle.
    """

    number: int
    name: str
    wavelength_nm: int


BANDS: tuple[Band, ...] = (
    Band(1, "g", 480),
    Band(2, "r", 620),
    Band(3, "i", 755),
    Band(4, "u", 365),
    Band(5, "z", 870),
    Band(6, "y", 970),
    Band(7, "V", 550),
    Band(8, "U", 360),
    Band(9, "B", 440),
    Band(10, "R", 660),
    Band(11, "I", 800),
    Band(12, "c", 530),
    Band(13, "o", 680),
    Band(14, "G", 640),
    Band(15, "BP", 510),
    Band(16, "RP", 780),
    Band(17, "T", 790),
    Band(18, "Kp", 640),
    Band(19, "clear", 600),
    Band(20, "J", 1240),
    Band(21, "H", 1660),
    Band(22, "K", 2160),
    Band(23, "W1", 3350),
    Band(24, "W2", 4600),
    Band(25, "w", 610),
)
"""All bands: Sloan and Rubin ugrizy, Johnson and Cousins UBVRI, ATLAS c and o, Gaia, TESS T,
Kepler Kp, none (clear), 2MASS JHK, WISE W1 W2 and Pan-STARRS w."""

BAND_NAMES: dict[int, str] = {band.number: band.name for band in BANDS}
BAND_NUMBERS: dict[str, int] = {band.name: band.number for band in BANDS}

BANDS_MEANING = ", ".join(f"{band.number} {band.name}" for band in BANDS)
"""For people: which number is which band."""


def band_name(number: int) -> str:
    """Return the name of the band of a number, ``unknown`` where there is none."""
    return BAND_NAMES.get(number, "unknown")
