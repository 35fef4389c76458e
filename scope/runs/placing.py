"""Products of the workflow at the places where users and documents look for them."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from scope.errors import NotFoundError
from scope.io.atomic import atomic_path
from scope.jsontext import parse_json


def place_product(product: str | Path, place: str | Path) -> Path:
    """Put a product at another place too: as a hard link, or a copy where there can be none.

    What lay there is replaced.

    Raises
    ------
    NotFoundError
        If there is no such product.
    """
    product, place = Path(product), Path(place)
    if not product.is_file():
        raise NotFoundError(
            "no such product", value=str(product), todo="let the workflow make it first"
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists() and place.samefile(product):
        return place
    with atomic_path(place) as temporary:
        temporary.unlink()
        try:
            os.link(product, temporary)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
                raise
            shutil.copyfile(product, temporary)
    return place


def place_products(path: str | Path) -> None:
    """Put products at other places too, as a JSON file says: product -> place."""
    for product, place in parse_json(Path(path).read_text()).items():
        place_product(product, place)
