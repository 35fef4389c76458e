"""Products as VOTable and FITS, with units, descriptors, descriptions and null values.

Both need memory for the whole table. What a format has no type for becomes the next larger
one: small integers 16 bits, unsigned ones of 64 bits the signed ones of the same bits, and
lists texts with blanks between their parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.errors import InputError
from scope.io import atomic_path, read_metadata, read_table
from scope.jsontext import to_json
from scope.product.ucds import ucd_of

if TYPE_CHECKING:
    from astropy.table import Table

NULL_INTEGER = {"int16": -(2**15), "int32": -(2**31), "int64": -(2**63)}
"""What stands for an integer that is not known: the lowest of its type."""

TABLE_FORMATS = {"votable": ".vot", "fits": ".fits"}


def write_votable(path: str | Path, output: str | Path) -> int:
    """Write a Parquet product as a VOTable 1.4 (BINARY2); returns the number of rows.

    Raises
    ------
    InputError
        If a column has a type that the format lacks.
    """
    from astropy.io.votable import from_table, writeto
    from astropy.io.votable.tree import Info

    arrow = read_table(path)
    votable = from_table(_astropy_table(arrow, path), table_id="scope")
    votable.version = "1.4"
    votable.description = f"{Path(path).stem}, written by scope"
    votable.infos.append(Info(name="provenance", value=to_json(read_metadata(path))))
    _add_frame(votable)
    with atomic_path(output) as temporary:
        writeto(votable, str(temporary), tabledata_format="binary2")
    return int(arrow.num_rows)


def _add_frame(votable: Any) -> None:
    """Say which frame the positions are in."""
    from astropy.io.votable.tree import CooSys

    votable.coordinate_systems.append(CooSys(ID="icrs", system="ICRS"))
    for resource in votable.resources:
        for table in resource.tables:
            for field in table.fields:
                if field.name in ("ra", "dec"):
                    field.ref = "icrs"


def write_fits(path: str | Path, output: str | Path) -> int:
    """Write a Parquet product as a FITS binary table; returns the number of rows.

    Descriptors stand in ``TUCDn``, descriptions in ``TCOMMn``, null integers in ``TNULLn``.

    Raises
    ------
    InputError
        If a column has a type that the format lacks.
    """
    from astropy.io import fits

    arrow = read_table(path)
    table = _astropy_table(arrow, path)
    for name in table.colnames:
        if table[name].dtype.kind == "U":
            # FITS has the letters of ASCII alone.
            plain = [text.encode("ascii", "backslashreplace") for text in table[name]]
            table[name] = np.array(plain, dtype=f"S{max(2, *map(len, plain), 2)}")
            table[name].info.description, table[name].info.meta = _about(arrow.schema.field(name))
    unit = fits.table_to_hdu(table)
    for number, name in enumerate(table.colnames, start=1):
        column = table[name]
        ucd = column.info.meta.get("ucd") if column.info.meta else None
        if ucd:
            unit.header[f"TUCD{number}"] = ucd
        if column.info.description:
            unit.header[f"TCOMM{number}"] = _plain(column.info.description)[:68]
    unit.header["EXTNAME"] = "SCOPE"
    unit.header["RADESYS"] = "ICRS"
    for line in _cut(to_json(read_metadata(path))):
        unit.header["HISTORY"] = line
    with atomic_path(output) as temporary:
        fits.HDUList([fits.PrimaryHDU(), unit]).writeto(temporary, overwrite=True)
    return int(arrow.num_rows)


def _astropy_table(arrow: pa.Table, path: str | Path) -> Table:
    from astropy.table import Table

    table = Table()
    for field in arrow.schema:
        table[field.name] = _column(arrow.column(field.name), field, path)
    return table


def _about(field: pa.Field) -> tuple[str | None, dict[str, str] | None]:
    """Return the description of a column, and its descriptor."""
    text = (field.metadata or {}).get(b"description", b"").decode()
    ucd = ucd_of(field)
    return text or None, {"ucd": ucd} if ucd else None


def _column(column: pa.ChunkedArray, field: pa.Field, path: str | Path) -> Any:
    """Return a column of astropy with all that is known of it."""
    from astropy.table import Column, MaskedColumn
    from astropy.units import Unit

    about: Mapping[bytes, bytes] = field.metadata or {}
    unit = about.get(b"unit", b"").decode()
    description, meta = _about(field)
    said = {
        "unit": Unit(unit, parse_strict="silent") if unit else None,
        "description": description,
        "meta": meta,
    }
    values, missing, fill = _values(column.combine_chunks(), field, path)
    if missing is not None and missing.any():
        return MaskedColumn(values, mask=missing, fill_value=fill, **said)
    return Column(values, **said)


Values = tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None, Any]


def _values(column: pa.Array | pa.ChunkedArray, field: pa.Field, path: str | Path) -> Values:
    """Return the values of a column, which of them are missing, and what stands for those."""
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else column.combine_chunks()
    kind = column.type
    missing = np.asarray(column.is_null())
    if pa.types.is_floating(kind):
        dtype = kind.to_pandas_dtype()
        values = np.asarray(column.to_numpy(zero_copy_only=False), dtype=dtype)
        return values, None, None
    if pa.types.is_boolean(kind) and not missing.any():
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=bool), None, None
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        dtype = _integer(kind)
        fill = NULL_INTEGER[dtype]
        if kind == pa.uint64():
            whole = column.fill_null(0).to_numpy().view(np.int64)
        else:
            whole = column.cast(pa.int64()).fill_null(0).to_numpy()
        return np.where(missing, fill, whole).astype(dtype), missing, fill
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _texts([text or "" for text in column.to_pylist()]), None, None
    if pa.types.is_list(kind) and pa.types.is_integer(kind.value_type):
        return _lists(column), None, None
    raise InputError(
        f"column that has no place in this format, {path}",
        value=f"{field.name}, {kind}",
        allowed="numbers, texts, truth values, lists of integers",
        todo="export to hats, or to .h5",
    )


def _integer(kind: pa.DataType) -> str:
    width = 16 if pa.types.is_boolean(kind) else max(16, kind.bit_width)
    return f"int{width}"


def _lists(column: pa.ListArray) -> npt.NDArray[Any]:
    lists = column.fill_null([]) if column.null_count else column
    return _texts(pc.binary_join(lists.cast(pa.list_(pa.string())), " ").to_pylist())


def _texts(texts: list[str]) -> npt.NDArray[np.str_]:
    # A column of texts of one letter would be no text to a VOTable, but a letter.
    return np.array(texts, dtype=f"U{max(2, *(len(text) for text in texts), 2)}")


def _plain(text: str) -> str:
    """Return a text in the letters that FITS headers may hold."""
    return text.encode("ascii", "replace").decode()


def _cut(text: str, width: int = 70) -> list[str]:
    plain = _plain(text)
    return [plain[start : start + width] for start in range(0, len(plain), width)]
