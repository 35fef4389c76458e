"""Light curves in memory and their cleaning."""

from scope.lightcurves.curves import HJD_OF_HMJD_ZERO, LightCurves

__all__ = ["HJD_OF_HMJD_ZERO", "LightCurves"]
