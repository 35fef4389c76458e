"""DataFrames in HDF5 files, as pandas stores them, with metadata."""

from __future__ import annotations

import functools
import json
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from scope.errors import CorruptFileError, InputError, NotFoundError, ScopeError
from scope.io.atomic import write_bytes
from scope.io.attrs import checked_attrs, warn_without_metadata
from scope.io.pandas_file import PandasFile
from scope.io.pandas_nodes import metadata_of, tables_and_arrays, text_of
from scope.jsontext import parse_json, to_json

if TYPE_CHECKING:
    import h5py
    import numpy.typing as npt
    import pandas as pd

_BROKEN = (
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
)
"""What h5py, NumPy and pandas raise on a file that is not whole."""

_ATTRIBUTE_BYTES = 60_000
"""An attribute of an HDF5 object holds 64 KiB at most."""


def read_hdf(path: str | Path, key: str = "df") -> pd.DataFrame:
    """Read a DataFrame from an HDF5 file, its metadata into ``attrs``.

    pandas pickles texts and arrays; they are read as data, and a file that would have a program
    run is refused (`scope.io.pandas_file`).

    Parameters
    ----------
    path : str or Path
    key : str
        Name of the table in the file.

    Raises
    ------
    NotFoundError
        If there is no such file.
    CorruptFileError
        If it is truncated or no HDF5 file.
    InputError
        If it holds no pandas table under `key`; the message says what it holds. If a pickle in
        it is more than data, or it unpacks to far more than its size.
    """
    path = Path(path)
    with _opened(path) as file:
        found = PandasFile(file, path.stat().st_size)
        group = found.group(key)
        if group is None:
            raise _without_table(file, path, key)
        frame: Any = found.read(group)
        metadata = metadata_of(group, "metadata")
        types = parse_json(text_of(group, "nullable_types") or "{}")
        if types:
            frame = frame.astype(types)
        attrs = None if metadata is None else json.loads(to_json(dict(metadata)))
    if attrs is None:
        warn_without_metadata(path)
    else:
        frame.attrs = attrs
    return cast("pd.DataFrame", frame)


def has_table(path: str | Path, key: str) -> bool:
    """Whether an HDF5 file holds something under a key.

    Raises
    ------
    NotFoundError, CorruptFileError
    """
    with _opened(Path(path)) as file:
        return key in file


def read_array(path: str | Path) -> npt.NDArray[Any]:
    """Read the only data set of an HDF5 file, as plain values.

    Links and other files are not followed, and a small file cannot ask for much memory.

    Of any shape (...) and dtype of numbers.

    Raises
    ------
    NotFoundError, CorruptFileError
    InputError
        If it holds something else, or unpacks to far more than its size.
    """
    path = Path(path)
    with _opened(path) as file:
        return PandasFile(file, path.stat().st_size).only_array()


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """Open a file; whatever is wrong with it, now or while it is read, names it."""
    import h5py

    if not path.is_file():
        raise NotFoundError("no such file", value=str(path))
    try:
        with h5py.File(path) as file:
            yield file
    except ScopeError as error:
        raise _named(error, path) from error
    except _BROKEN as error:
        raise CorruptFileError(
            "truncated or foreign file, not readable as HDF5",
            value=str(path),
            todo="make or download it again",
        ) from error


def write_hdf(df: pd.DataFrame, path: str | Path) -> None:
    """Write a DataFrame to an HDF5 file under the key ``df``, its ``attrs`` as metadata.

    ``pandas.read_hdf`` reads it too; the metadata are the attribute ``metadata`` of the
    storer. Columns that hold arrays are pickled, which is slow and larger than Parquet.

    Parameters
    ----------
    df : pandas.DataFrame
    path : str or Path
        Written whole or not at all; the folder is made where it does not exist.

    Raises
    ------
    InputError
        If ``attrs`` are no JSON or too large, or a column name stands twice.
    """
    import pandas as pd

    attrs = checked_attrs(df)
    size = len(pickle.dumps(attrs, protocol=0))
    if size > _ATTRIBUTE_BYTES:
        raise InputError(
            "metadata too large for HDF5",
            value=f"{size} bytes",
            allowed=f"up to {_ATTRIBUTE_BYTES}",
            todo="write Parquet instead",
        )
    frame, types = _without_nullable(df)
    # In memory first: a full disk is then an ordinary error, not one inside the HDF5 library.
    store: Any = pd.HDFStore(
        Path(path).name, mode="w", driver="H5FD_CORE", driver_core_backing_store=0
    )
    with store:
        handle = store._handle
        # Without times the same table gives the same bytes in the next second too; pandas hands
        # this on to none of the arrays of a fixed table.
        for name in ("create_array", "create_carray", "create_earray", "create_vlarray"):
            setattr(handle, name, functools.partial(getattr(handle, name), track_times=False))
        with warnings.catch_warnings():
            # That array columns are pickled is what the docstring says.
            warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
            store.put("df", frame, format="fixed", track_times=False)
        attributes = store.get_storer("df").attrs
        attributes.metadata = attrs
        attributes.nullable_types = to_json(types)
        store.flush()
        content: bytes = handle.get_file_image()
    write_bytes(content, path)


def _without_nullable(df: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a DataFrame that pandas can store, and the types to restore.

    Nullable integers become Python integers and None: as floats, 64-bit ids would change.
    """
    import pandas as pd

    frame = df.copy(deep=False)
    types = {}
    for name, dtype in df.dtypes.items():
        if isinstance(dtype, pd.api.extensions.ExtensionDtype) and dtype.kind in "iufb":
            types[str(name)] = str(dtype)
            column = df[name].astype(object)
            frame[name] = column.where(column.notna(), None)
    return frame, types


def _named(error: ScopeError, path: Path) -> ScopeError:
    """Return an error that names the file."""
    if str(path) in str(error):
        return error
    what = f"{error.what}, in {path}"
    return type(error)(what, value=error.value, allowed=error.allowed, todo=error.todo)


def _without_table(file: h5py.File, path: Path, key: str) -> ScopeError:
    """Describe a file that holds something else, such as bare arrays."""
    tables, arrays = tables_and_arrays(file)
    if tables:
        todo = f"it holds the tables {', '.join(tables)}: name one as the key"
    elif arrays:
        todo = f"it holds bare arrays ({'; '.join(arrays[:20])}): read them with h5py"
    else:
        todo = "it is empty"
    return InputError(
        f"HDF5 file without a pandas table under the key {key!r}",
        value=str(path),
        allowed="a file of write_hdf or of pandas",
        todo=todo,
    )
