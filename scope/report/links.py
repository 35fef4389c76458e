"""Where else to look at a star: addresses, of which the page itself loads none."""

from __future__ import annotations

import math
from html import escape

from scope.identifiers import Scheme, decode

RADIUS_ARCSEC = 3
"""Of the searches around a position."""


def star_links(ra: float, dec: float, ids: dict[str, int]) -> dict[str, str]:
    """Return the addresses of a star in archives that people look things up in, by name.

    Parameters
    ----------
    ra, dec : float
        Degrees, ICRS; without a position there are only addresses by id.
    ids : dict of str to int
        Ids that are known, 0 where none is: ``_id`` (the survey's) and ``Gaia_EDR3___id``.
    """
    found: dict[str, str] = {}
    gaia = ids.get("Gaia_EDR3___id", 0)
    here = math.isfinite(ra) and math.isfinite(dec)
    # %2B is the plus sign of a northern declination; a bare one would be read as a space.
    place = f"{ra:.6f}%20{dec:+.6f}".replace("+", "%2B")
    vizier = "https://vizier.cds.unistra.fr/viz-bin/VizieR-4?-source=I/350/gaiaedr3"
    if here:
        found["SIMBAD"] = (
            f"https://simbad.cds.unistra.fr/simbad/sim-coo?Coord={place}&CooFrame=ICRS"
            f"&Radius={RADIUS_ARCSEC}&Radius.unit=arcsec"
        )
        found["VSX"] = (
            "https://www.aavso.org/vsx/index.php?view=results.get"
            f"&coords={place}&format=d&size={RADIUS_ARCSEC}&unit=3&geom=r"
        )
    if gaia > 0:
        found["Gaia"] = f"{vizier}&Source={gaia}"
    elif here:
        found["Gaia"] = f"{vizier}&-c={place}&-c.rs={RADIUS_ARCSEC}"
    if int(decode(ids.get("_id", 0)).scheme[0]) == Scheme.DATA_RELEASE:
        found["SNAD"] = f"https://ztf.snad.space/view/{ids['_id']}"
    elif here:
        found["SNAD"] = f"https://ztf.snad.space/search/{place}/{RADIUS_ARCSEC}"
    if here:
        found["ALeRCE"] = (
            f"https://alerce.online/?ra={ra:.6f}&dec={dec:.6f}&radius={RADIUS_ARCSEC}&page=1"
        )
    return found


def link_line(links: dict[str, str]) -> str:
    """Return links as HTML; they tell the other side nothing of this page."""
    return " · ".join(
        f'<a href="{escape(url)}" rel="noreferrer noopener">{escape(name)}</a>'
        for name, url in links.items()
    )
