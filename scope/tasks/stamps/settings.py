"""Settings of ``.env``, and the images that they name."""

from __future__ import annotations

import os
from pathlib import Path

from scope.errors import ConfigError
from scope.tasks.stamps.images import ImageSource

IMAGES = "GOTORB_IMAGES"
"""A folder of images, for those without the database."""

KEYS = (
    "GOTOPHOTO_DB_NAME",
    "GOTOPHOTO_DB_USER",
    "GOTOPHOTO_DB_HOST",
    "GOTOPHOTO_DB_PORT",
    "GOTOPHOTO_WORKDIR",
    "GOTOPHOTO_STORAGEDIR",
    "CATSHTM_DIR",
    IMAGES,
)


def read_settings(folder: str | Path | None = None) -> dict[str, str]:
    """Return the settings of ``.env`` in a folder; the environment comes first.

    Parameters
    ----------
    folder : path, optional
        The working directory by default.
    """
    from dotenv import dotenv_values

    path = Path(folder or ".") / ".env"
    values = dotenv_values(path) if path.is_file() else {}
    return {
        name: value for name in KEYS if (value := os.environ.get(name) or values.get(name) or "")
    }


def open_images(images: str | Path | ImageSource | None = None) -> ImageSource:
    """Return where images come from.

    Parameters
    ----------
    images : path or ImageSource, optional
        A folder with an index. By default what ``.env`` names: GOTORB_IMAGES, a folder, or
        else the database of GOTOPHOTO_DB_NAME.

    Raises
    ------
    ConfigError
        If nothing is named.
    """
    from scope.tasks.stamps.gotophoto import GotoPhoto
    from scope.tasks.stamps.image_folder import ImageFolder

    if images is not None and not isinstance(images, str | Path):
        return images
    settings = read_settings()
    folder = images or settings.get(IMAGES)
    if folder:
        return ImageFolder(folder)
    if settings.get("GOTOPHOTO_DB_NAME"):
        return GotoPhoto(settings)
    raise ConfigError(
        "no images",
        value=f"neither {IMAGES} nor GOTOPHOTO_DB_NAME is set",
        todo="write one of them into the file .env (see .env.example); "
        "`scope simulate-night` makes a folder of images to try",
    )
