"""What a cell of a table says: an id, a name, a number or a position, exactly or not at all.

Tables come from people, spreadsheets and other programs. A cell that lost digits on its way, or
that can be read in two ways, is refused: a wrong star is worse than none. An empty cell is
missing. Of names nothing else is: ``NA`` and ``None`` are names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import InputError

LARGEST_EXACT_FLOAT = 2**53
"""Beyond it a float holds the first 16 digits of a whole number only."""

MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "nat", "null", "none", "<na>", "--"})
"""How programs write that there is no number, in lower case. As names they are names."""

LOWEST_RA = -180.0
"""Degrees; the highest is 360."""

POSITIONS_ALLOWED = "degrees, ra from 0 to 360 (or -180 to 180), dec from -90 to 90"

_HOW_IDS = (
    "a float keeps the first 16 digits only, a spreadsheet 15; write ids with all their digits, "
    "from a column of integers or of text"
)
_HOW_NAMES = "write names as text, from a column of text or of integers"
_WHOLE = re.compile(r"[+-]?[0-9]+")
_POINT_ZERO = re.compile(r"([+-]?[0-9]+)\.0*")
_SCIENTIFIC = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|inf|infinity)", re.I)
_MOST_DIGITS = 40
"""Python refuses to read whole numbers of thousands of digits; none of these fits 64 bits."""

_FLOAT_NAME = re.compile(r"[0-9]+\.0+")
_ROUNDED_NAME = re.compile(r"[0-9](\.[0-9]+)?[eE]\+[0-9]{2,3}")
"""How spreadsheets and programs write long numbers. ``2019E5`` has no sign and is a name."""

_SPREADSHEET_DIGITS = (15, 17)
"""Spreadsheets keep 15 digits of a number, other programs 17, and fill up with zeros."""

_TELLING_ZEROS = 4
"""So many zeros in place of digits are no chance any more."""

_PARTS = r"\s*[:\s]\s*"
_SEXAGESIMAL = re.compile(rf"[+-]?[0-9]{{1,3}}{_PARTS}[0-9]{{1,2}}{_PARTS}[0-9]{{1,2}}(\.[0-9]*)?")
_HOURS = re.compile(r"\+?[0-9]{1,2}\s*h\s*[0-9]{1,2}\s*m\s*[0-9]{1,2}(\.[0-9]*)?\s*s", re.I)
_DEGREES = re.compile(
    r"[+-]?[0-9]{1,3}\s*[d°]\s*[0-9]{1,2}\s*[m'′]\s*[0-9]{1,2}(\.[0-9]*)?\s*(s|\"|″|'')", re.I
)


@dataclass
class RefusedCell(Exception):
    """Reason why a cell cannot be used; whoever knows where it stands makes the message.

    Attributes
    ----------
    reason : str
        A clause that follows the name of the column.
    value : object
    allowed : str
    todo : str or None
    """

    reason: str
    value: object
    allowed: str
    todo: str | None = None

    def error(self, name: str, place: str) -> InputError:
        """Return the error about a cell of a column, `place` being such as ``row 3 of t.csv``."""
        return InputError(
            f"{name} {self.reason}, in {place}",
            value=self.value if isinstance(self.value, str) else str(self.value),
            allowed=self.allowed,
            todo=self.todo,
        )


def is_missing(value: Any) -> bool:
    """Whether a cell is empty: None, NaN, pandas' own missing values, or blank."""
    if value is None or value is np.ma.masked:
        return True
    if isinstance(value, str | bytes):
        return not value.strip()
    # Of pandas' own missing value no comparison is true or false.
    return str(value) in ("<NA>", "NaT") or (
        isinstance(value, float | np.floating | Decimal) and value != value
    )


def parse_id(value: Any) -> int | None:
    """Return the whole number in a cell, None where there is none.

    Raises
    ------
    RefusedCell
        If it is no whole number of 64 signed bits, or may have lost digits: scientific
        notation, or a float beyond what a float holds exactly.
    """
    if is_missing(value):
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    number = _id_of_text(value.strip()) if isinstance(value, str) else _id_of_number(value)
    if number is not None and not -(2**63) <= number < 2**63:
        raise RefusedCell("that does not fit 64 bits", value, "whole numbers below 2^63")
    return number


def _id_of_text(text: str) -> int | None:
    if text.lower() in MISSING_WORDS:
        return None
    if too_long(text):
        raise RefusedCell("that does not fit 64 bits", shortened(text), "whole numbers below 2^63")
    if _WHOLE.fullmatch(text):
        return int(text)
    if match := _POINT_ZERO.fullmatch(text):
        number = int(match[1])
        if abs(number) <= LARGEST_EXACT_FLOAT:
            return number
        raise RefusedCell("that was rounded", text, "a whole number with all digits", _HOW_IDS)
    if _SCIENTIFIC.fullmatch(text):
        raise RefusedCell("that was rounded", text, "a whole number with all digits", _HOW_IDS)
    raise RefusedCell("that is no whole number", text, "digits only, such as 10297581009946")


def too_long(text: str) -> bool:
    """Whether a text has more digits in a row than any whole number of 64 bits."""
    return len(text) > _MOST_DIGITS and len(text.partition(".")[0]) > _MOST_DIGITS


def shortened(text: str) -> str:
    """Return a text as it is shown in a message."""
    return text if len(text) <= 2 * _MOST_DIGITS else f"{text[:_MOST_DIGITS]}… ({len(text)} long)"


def _id_of_number(value: Any) -> int:
    if isinstance(value, bool | np.bool_):
        raise RefusedCell("that is no whole number", value, "digits only, such as 10297581009946")
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating | Decimal) and np.isfinite(float(value)):
        if value != int(value):
            raise RefusedCell(
                "that is no whole number", value, "digits only, such as 10297581009946"
            )
        if isinstance(value, float | np.floating) and abs(float(value)) > exact_below(value):
            raise RefusedCell("that was rounded", value, "a whole number with all digits", _HOW_IDS)
        return int(value)
    raise RefusedCell("that is no whole number", value, "digits only, such as 10297581009946")


def exact_below(value: float | np.floating[Any]) -> int:
    """Return up to where floats of the type of a value hold every whole number."""
    if isinstance(value, np.floating):
        return int(2 ** (np.finfo(value.dtype).nmant + 1))
    return LARGEST_EXACT_FLOAT


def parse_name(value: Any) -> str | None:
    """Return the text in a cell as it is written, without blanks around it; None where empty.

    Whole numbers become their digits.

    Raises
    ------
    RefusedCell
        If it is a number that is not whole or may have lost digits, or no text at all.
    """
    if is_missing(value):
        return None
    if isinstance(value, bytes):
        # Names of fixed length are filled up with zero bytes.
        value = value.decode("utf-8", "replace").rstrip("\0")
    if isinstance(value, str):
        text = value.strip()
        if _ROUNDED_NAME.fullmatch(text):
            raise RefusedCell("that was rounded", text, "text", _HOW_NAMES)
        return text or None
    if isinstance(value, bool | np.bool_):
        return str(value)
    try:
        return str(_id_of_number(value))
    except RefusedCell as refused:
        number = isinstance(value, float | np.floating | Decimal)
        why = "that is a number" if number else "that is no text"
        why = "that was rounded" if "rounded" in refused.reason else why
        raise RefusedCell(why, value, "text", _HOW_NAMES) from None


def parse_number(value: Any) -> float:
    """Return the number in a cell, NaN where there is none; words of `MISSING_WORDS` are none.

    Raises
    ------
    RefusedCell
        If it is no number as programs write them: with a point, without separators.
    """
    if is_missing(value):
        return float("nan")
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace").rstrip("\0")
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in MISSING_WORDS:
            return float("nan")
        if _NUMBER.fullmatch(text):
            return float(text)
    elif isinstance(value, bool | np.bool_ | int | np.integer | float | np.floating | Decimal):
        return float(value)
    raise RefusedCell("that is no number", value, "numbers with a decimal point")


def parse_degrees(value: Any, kind: str) -> float:
    """Return a right ascension (`kind` ``ra``) or declination (``dec``) in degrees, NaN if none.

    Numbers are degrees. Three parts with colons, blanks or ``h m s`` are hours, minutes and
    seconds for right ascensions; with ``d m s`` or for declinations, degrees, minutes and
    seconds of arc.

    Raises
    ------
    RefusedCell
        If it is neither.
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace").rstrip("\0")
    allowed = f"decimal degrees with a point, or {'hh' if kind == 'ra' else 'dd'}:mm:ss"
    if isinstance(value, bool | np.bool_):
        raise RefusedCell("that is no number", value, allowed)
    text = value.strip().replace("\N{MINUS SIGN}", "-") if isinstance(value, str) else value
    if isinstance(text, str) and not _NUMBER.fullmatch(text) and text.lower() not in MISSING_WORDS:
        return _sexagesimal(text, kind, allowed)
    try:
        number = parse_number(text)
    except RefusedCell as refused:
        raise RefusedCell(refused.reason, value, allowed) from None
    if np.isinf(number):
        raise RefusedCell("that is no number", value, allowed)
    return number


def on_the_sky(
    ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return right ascensions from 0 to below 360, and which positions are none on the sphere.

    The one check of positions, for lists of people and for files of surveys. Some surveys count
    right ascensions from -180 to 180 (Stripe 82), and narrow floats round them up to 360: both
    are turned by a circle, once. Farther beyond is no other way of writing, but a fault.

    Parameters
    ----------
    ra, dec : (n,) float64
        Degrees, NaN where unknown.

    Returns
    -------
    ra : (n,) float64
        From 0 to below 360, where it is one.
    wrong : (n,) bool
        Right ascension beyond -180 to 360, declination beyond -90 to 90, or one of them without
        the other.
    """
    beyond = (ra < LOWEST_RA) | (ra > 360.0) | (np.abs(dec) > 90.0)
    turned = np.where(ra < 0, ra + 360.0, ra)
    # Of a negative hair and a whole circle the sum is the circle.
    turned = np.where(turned == 360.0, 0.0, turned)
    return np.where(beyond, ra, turned), beyond | (np.isnan(ra) != np.isnan(dec))


def _sexagesimal(text: str, kind: str, allowed: str) -> float:
    hours = bool(_HOURS.fullmatch(text)) or (kind == "ra" and bool(_SEXAGESIMAL.fullmatch(text)))
    if not hours and not _DEGREES.fullmatch(text) and not _SEXAGESIMAL.fullmatch(text):
        raise RefusedCell("that is no number", text, allowed)
    if hours and kind == "dec":
        raise RefusedCell("in hours", text, allowed)
    import warnings

    from astropy.coordinates import Angle
    from astropy.units import UnitsError

    try:
        with warnings.catch_warnings():
            # Astropy reads 60 minutes or seconds with a warning; they are nobody's notation.
            warnings.simplefilter("error")
            parts = re.findall(r"[0-9]+\.?[0-9]*", text)
            sign = "-" if text.startswith("-") else ""
            plain = sign + ":".join(parts)
            return float(Angle(plain, unit="hourangle" if hours else "deg").degree)
    except (ValueError, UnitsError, Warning):
        raise RefusedCell("that is no number", text, allowed) from None


def zeros_for_digits(ids: list[str]) -> bool:
    """Whether texts of digits look as if a spreadsheet put zeros in place of their last digits.

    All that are longer than a spreadsheet keeps end in zeros there, and there are more zeros
    than chance would give.
    """
    lengths = [text.lstrip("+-0") for text in ids]
    for kept in _SPREADSHEET_DIGITS:
        tails = [digits[kept:] for digits in lengths if len(digits) > kept]
        if len("".join(tails)) >= _TELLING_ZEROS and not any(tail.strip("0") for tail in tails):
            return True
    return False


def floats_for_names(names: list[str | None]) -> bool:
    """Whether all names are whole numbers with ``.0`` behind: programs write them so.

    A column of whole numbers of which one is missing becomes floats in many of them.
    """
    there = [name for name in names if name is not None]
    return bool(there) and all(map(_FLOAT_NAME.fullmatch, there))


def exact_id(value: Any, where: str) -> int | None:
    """Return the id that a cell of a table holds, of any survey; None where it is empty.

    Parameters
    ----------
    value : int, float, str or missing value
    where : str
        What the id is and where it stands, for the message.

    Raises
    ------
    InputError
        If it is no whole number, or may have lost digits.
    """
    try:
        return parse_id(value)
    except RefusedCell as refused:
        raise InputError(
            f"{where} {refused.reason}",
            value=str(refused.value),
            allowed=refused.allowed,
            todo=refused.todo,
        ) from None
