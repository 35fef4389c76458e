"""Command lines that people or scripts have written, as words."""

from __future__ import annotations

import shlex

from scope.errors import InputError


def shell_words(text: str, where: str) -> list[str]:
    """Return the words of a command line as a shell takes it, without comments.

    Parameters
    ----------
    text : str
    where : str
        An option or a file, for the message.

    Raises
    ------
    InputError
        If a quote is not closed.
    """
    try:
        return shlex.split(text, comments=True)
    except ValueError as error:
        raise InputError(
            f"command line that no shell can read, in {where}",
            value=text[:200],
            todo=f"correct its quotes ({error})",
        ) from None
