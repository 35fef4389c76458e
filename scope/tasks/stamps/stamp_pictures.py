"""Stamps as pictures in a page: small, and without a plotting library."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt

from scope.tasks.stamps.model_figures import zscale_limits

Floats = npt.NDArray[np.floating]

QUALITY = 82
SCALES = ("zscale", "99.5", "95")
"""How the greys are chosen: IRAF's zscale, or the middle so many per cent of the pixels."""


def grey_limits(image: Floats, scale: str = "zscale") -> tuple[float, float]:
    """Return the pixel values that are black and white.

    `image`: (rows, columns) float; `scale` is ``zscale``, or per cent of the pixels between the
    two.
    """
    if scale == "zscale":
        return zscale_limits(image)
    finite = image[np.isfinite(image)]
    if not finite.size:
        return 0.0, 1.0
    rest = (100 - float(scale)) / 2
    low, high = np.percentile(finite, (rest, 100 - rest))
    return float(low), float(high) if high > low else float(low) + 1.0


def stamp_jpeg(image: Floats, scale: str = "zscale") -> bytes:
    """Return an image as JPEG, one pixel a pixel, the first row below; NaN is black.

    `image`: (rows, columns) float.
    """
    from PIL import Image

    low, high = grey_limits(image, scale)
    with np.errstate(invalid="ignore"):
        grey = np.clip((image - low) / (high - low), 0, 1)
    grey = np.nan_to_num(grey[::-1])
    content = io.BytesIO()
    Image.fromarray((255 * grey).astype(np.uint8)).save(content, "JPEG", quality=QUALITY)
    return content.getvalue()


def stamp_tag(image: Floats, title: str, scale: str = "zscale") -> str:
    """Return an image as an element of a page, with everything in it.

    `image`: (rows, columns) float.
    """
    from html import escape

    data = base64.b64encode(stamp_jpeg(image, scale)).decode()
    return (
        f'<img alt="{escape(title)}" title="{escape(title)}" src="data:image/jpeg;base64,{data}">'
    )
