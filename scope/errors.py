"""The exceptions of this package, all in one tree.

ScopeError                  a user's mistake or a fault of the outside world; never a bug
├── ConfigError             a configuration key or value that cannot be used
├── UsageError              a command line that cannot be used
├── IdentifierError         an id that contradicts its scheme or its columns
├── InputError              a table or file whose content cannot be used
│   ├── MissingColumnError  a table without a column that is needed
│   ├── CorruptFileError    a truncated or foreign file
│   └── DuplicateIdError    an id that stands twice where it must be unique
├── NotFoundError           a field, unit, source, file or model that does not exist
│   └── NoLocalizationError an event whose place on the sky is not known, or not yet
├── BundleError             a model bundle that is incomplete or does not fit
├── BackendError            a device or library asked for that is not there
└── ServiceError            a remote service that refuses or does not answer
    ├── AccessError         a remote service that does not accept our credentials
    └── RefusedError        a remote service that says no to one request, and why

Every message has four parts: what failed, the value, what is allowed, what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

USER_ERROR = 2
"""Exit status of what was given something it cannot use."""


class ScopeError(Exception):
    """Base of all errors that commands print as ``error: …`` and end with status 2.

    Parameters
    ----------
    what : str
        What failed, as a clause without a full stop.
    value : object, optional
        The offending value.
    allowed : str or iterable of str, optional
        What would have been accepted.
    todo : str, optional
        What the user can do next.
    """

    def __init__(
        self,
        what: str,
        *,
        value: object = None,
        allowed: str | Iterable[object] | None = None,
        todo: str | None = None,
    ) -> None:
        self.what = what
        self.value = value
        self.allowed = allowed
        self.todo = todo
        super().__init__(self._message())

    def _message(self) -> str:
        # Of several mistakes in a configuration each has its line.
        parts = ["\n".join(map(_printable, self.what.split("\n")))]
        if self.value is not None:
            value = self.value
            parts[0] += f": {value!r}" if isinstance(value, str) else f": {_printable(str(value))}"
        if self.allowed is not None:
            text = self.allowed
            if not isinstance(text, str):
                text = ", ".join(str(item) for item in text) or "nothing, there is none"
            parts.append(f"allowed: {_printable(text)}")
        if self.todo is not None:
            parts.append(_printable(self.todo))
        return "; ".join(parts)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return _rebuild, (type(self), self.what, self.value, self.allowed, self.todo)


def _printable(text: str) -> str:
    """Return a text in one line: names in files hold line ends, and codes that terminals obey."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def _rebuild(
    cls: type[ScopeError], what: str, value: object, allowed: object, todo: str | None
) -> ScopeError:
    """Restore an error that crossed a process boundary."""
    return cls(what, value=value, allowed=allowed, todo=todo)  # type: ignore[arg-type]


def few(names: Iterable[object], most: int = 12) -> str:
    """Return names for a message, each once: the first ones, and how many more there are."""
    each = list(dict.fromkeys(map(str, names)))
    more = len(each) - most
    return ", ".join(each[:most]) + (f" and {more} more" if more > 0 else "")


def reason_of(error: BaseException) -> str:
    """Return what an error says, for a message that names the file itself."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


@contextmanager
def named_as(names: Mapping[object, object]) -> Iterator[None]:
    """Name in errors the files that a user knows, in place of temporary ones.

    Parameters
    ----------
    names : mapping
        Path of a temporary file -> what it was made of.
    """

    def renamed(part: object) -> object:
        if not isinstance(part, str):
            return part
        for old, new in names.items():
            part = part.replace(str(old), str(new))
        return part

    try:
        yield
    except ScopeError as error:
        what, *rest = map(renamed, (error.what, error.value, error.allowed, error.todo))
        if [what, *rest] == [error.what, error.value, error.allowed, error.todo]:
            raise
        raise _rebuild(type(error), str(what), *rest) from error  # type: ignore[arg-type]


class ConfigError(ScopeError):
    """A configuration key or value that cannot be used."""


class UsageError(ScopeError):
    """A command line that cannot be used."""


class IdentifierError(ScopeError):
    """An id that contradicts its scheme or its columns."""


class InputError(ScopeError):
    """A table or file whose content cannot be used."""


class MissingColumnError(InputError):
    """A table without a column that is needed."""


class CorruptFileError(InputError):
    """A truncated or foreign file."""


class DuplicateIdError(InputError):
    """An id that stands twice where it must be unique."""


class NotFoundError(ScopeError):
    """A field, unit, source, file or model that does not exist."""


class NoLocalizationError(NotFoundError):
    """An event whose place on the sky is not known, or not yet."""


class BundleError(ScopeError):
    """A model bundle that is incomplete or does not fit."""


class BackendError(ScopeError):
    """A device or library asked for that is not there."""


class ServiceError(ScopeError):
    """A remote service that refuses or does not answer."""


class AccessError(ServiceError):
    """A remote service that does not accept our credentials."""


class RefusedError(ServiceError):
    """A remote service that says no to one request, and why."""
