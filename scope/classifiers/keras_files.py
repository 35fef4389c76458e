"""See `scope.models.keras_files`."""

from scope.models.keras_files import (
    BROKEN,
    check_h5,
    check_keras,
    check_settings,
    check_weights,
    first_line,
    read_parts,
)

__all__ = [
    "BROKEN",
    "check_h5",
    "check_keras",
    "check_settings",
    "check_weights",
    "first_line",
    "read_parts",
]
