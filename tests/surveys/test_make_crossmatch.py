"""Tables to cross-match with, of what archives hand out; expected values are those written."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.io.votable import from_table, writeto
from astropy.table import MaskedColumn, Table

from scope.cli.main import main
from scope.errors import CorruptFileError, InputError, MissingColumnError, ScopeError
from scope.features.crossmatch_catalogues import CATALOGUES
from scope.io import read_table, table_stream
from scope.surveys.make_crossmatch import make_crossmatch
from scope.surveys.matching import POSITION_COLUMNS, match_catalogue, read_region

IDS = [4657280635327480832, 4657280635327480833, 9007199254740993]
"""Ids of Gaia: none of them is a float."""

GAIA = """source_id,ra,dec,ref_epoch,phot_g_mean_mag,phot_bp_mean_mag,phot_rp_mean_mag,parallax,\
parallax_error,pmra,pmra_error,pmdec,pmdec_error,astrometric_excess_noise,phot_bp_rp_excess_factor
4657280635327480832,80.1,-70.5,2016.0,15.25,15.5,14.75,0.5,0.02,1.5,0.03,-2.5,0.04,0.1,1.2
4657280635327480833,80.2,-70.6,2016.0,20.5,null,null,null,null,null,null,null,null,0.0,null
9007199254740993,80.3,-70.7,2016.0,18.0,18.5,17.5,0.1,0.1,0.0,0.1,0.0,0.1,,1.3
"""

ALLWISE = """designation,cntr,ra,dec,source_id,w1mpro,w1sigmpro,w2mpro,w2sigmpro,w3mpro,\
w3sigmpro,w4mpro,w4sigmpro,ph_qual
J000000.00+100000.0,1501351009000000001,0.0,10.0,0015p105_ac51-000001,12.5,0.023,12.25,0.02,11.0,\
null,8.5,null,AAUU
"""

PS1 = """objID,raMean,decMean,nDetections,qualityFlag,gMeanPSFMag,gMeanPSFMagErr,rMeanPSFMag,\
rMeanPSFMagErr,iMeanPSFMag,iMeanPSFMagErr,zMeanPSFMag,zMeanPSFMagErr,yMeanPSFMag,yMeanPSFMagErr
158001234567890123,359.999,10.0,12,60,18.25,0.01,17.5,0.01,-999.0,-999.0,-999,-999,16.5,0.02
158001234567890124,-999,-999,1,52,20,0.1,20,0.1,20,0.1,20,0.1,20,0.1
"""

VIZIER = """#
#   VizieR Astronomical Server vizier.cds.unistra.fr
#
{names}
{units}
{dashes}
{cells}
#END#
"""


def written(text: str, path: Path) -> Path:
    path.write_text(text)
    return path


def made(name: str, path: Path, **options: Any) -> pa.Table:
    output = path.parent / "made" / f"{name}.parquet"
    make_crossmatch(name, [path], output, **options)
    return read_table(output)


def gaia_table(**columns: Any) -> Table:
    """The rows of GAIA as a table of astropy, masked, with units."""
    lines = [line.split(",") for line in GAIA.strip().split("\n")]
    table = Table()
    for number, name in enumerate(lines[0]):
        cells = [line[number] for line in lines[1:]]
        if name == "source_id":
            table[name] = np.array([int(cell) for cell in cells])
        else:
            empty = [cell in ("null", "") for cell in cells]
            numbers = [
                0.0 if none else float(cell) for cell, none in zip(cells, empty, strict=True)
            ]
            table[name] = MaskedColumn(numbers, mask=empty)
    for name, unit in {
        "ra": "deg",
        "dec": "deg",
        "phot_g_mean_mag": "mag",
        "parallax": "mas",
    }.items():
        table[name].unit = unit
    table["pmra"].unit = units.mas / units.yr
    for name, values in columns.items():
        table[name] = values
    return table


def test_gaia_csv_becomes_the_layout_of_a_crossmatch_folder(tmp_path: Path) -> None:
    table = made("Gaia_EDR3", written(GAIA, tmp_path / "gaia.csv"))
    assert table.schema.names == ["ra", "dec", *(c.name for c in CATALOGUES["Gaia_EDR3"].columns)]
    assert table.column("_id").to_pylist() == IDS
    assert table.column("phot_bp_mean_mag").to_pylist() == [15.5, None, 18.5]
    assert table.column("parallax").to_pylist() == [0.5, None, 0.1]
    assert table.column("astrometric_excess_noise").to_pylist() == [0.1, 0.0, None]


def test_a_made_table_is_what_a_match_reads(tmp_path: Path) -> None:
    output = tmp_path / "Gaia_EDR3.parquet"
    make_crossmatch("Gaia_EDR3", [written(GAIA, tmp_path / "gaia.csv")], output)
    catalogue = CATALOGUES["Gaia_EDR3"]
    ra, dec = [80.2, 100.0], [-70.6 + 1 / 3600, 0.0]
    region = read_region(output, (*POSITION_COLUMNS, *catalogue.columns), ra, dec, 2.0)
    match = match_catalogue(catalogue, region, ra, dec, 2.0)
    assert match["Gaia_EDR3___id"].to_pylist() == [IDS[1], None]
    assert match["Gaia_EDR3__searched"].to_pylist() == [True, True]


def test_every_format_gives_the_same_rows(tmp_path: Path) -> None:
    expected = made("Gaia_EDR3", written(GAIA, tmp_path / "gaia.csv"))
    (tmp_path / "gaia.csv.gz").write_bytes(gzip.compress(GAIA.encode()))
    table = gaia_table()
    table.write(tmp_path / "gaia.fits")
    table.write(tmp_path / "packed.fits.gz")
    writeto(from_table(table), str(tmp_path / "gaia.vot"))
    writeto(from_table(table), str(tmp_path / "binary.xml"), tabledata_format="binary2")
    frame = table.to_pandas()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "gaia.parquet")
    names = ("gaia.csv.gz", "gaia.fits", "packed.fits.gz", "gaia.vot", "binary.xml", "gaia.parquet")
    for name in names:
        assert made("Gaia_EDR3", tmp_path / name).equals(expected), name


def test_pieces_of_a_file_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(GAIA, tmp_path / "gaia.csv")
    gaia_table().write(tmp_path / "gaia.fits")
    expected = made("Gaia_EDR3", path)
    monkeypatch.setattr(table_stream, "ROWS", 2)
    assert made("Gaia_EDR3", path).equals(expected)
    assert made("Gaia_EDR3", tmp_path / "gaia.fits").equals(expected)


def test_an_ipac_table_of_allwise(tmp_path: Path) -> None:
    table = Table.read(ALLWISE, format="ascii.csv", fill_values=("null", "0"))
    table.write(tmp_path / "allwise.tbl", format="ascii.ipac")
    assert (tmp_path / "allwise.tbl").read_text()[0] in "\\|"
    row = made("AllWISE", tmp_path / "allwise.tbl").to_pylist()[0]
    assert row["_id"] == 1501351009000000001
    assert (row["w1mpro"], row["w3sigmpro"], row["ph_qual"]) == (12.5, None, "AAUU")


def test_999_of_panstarrs_is_no_magnitude_and_no_position(tmp_path: Path) -> None:
    output = tmp_path / "PS1_DR1.parquet"
    report = make_crossmatch("PS1_DR1", [written(PS1, tmp_path / "ps1.csv")], output)
    rows = read_table(output).to_pylist()
    assert (report.rows, report.without_position) == (1, 1)
    assert (rows[0]["_id"], rows[0]["ra"]) == (158001234567890123, 359.999)
    assert [rows[0][f"{b}MeanPSFMag"] for b in "grizy"] == [18.25, 17.5, None, None, 16.5]
    assert report.ra == (359.999, 359.999)


def test_vizier_names_lines_of_units_and_dashes(tmp_path: Path) -> None:
    columns: Mapping[str, tuple[str, str]] = {
        "AllWISE": ("", "J000000.00+100000.0"),
        "RAJ2000": ("deg", "0.0000000"),
        "DEJ2000": ("deg", "10.0000000"),
        **{f"W{b}mag": ("mag", f"1{b}.5") for b in (1, 2, 3, 4)},
        **{f"e_W{b}mag": ("mag", "" if b > 2 else "0.02") for b in (1, 2, 3, 4)},
        "ID": ("", "1501351009000000001"),
        "qph": ("", "AAUU"),
    }
    text = VIZIER.format(
        names="\t".join(columns),
        units="\t".join(unit or " " for unit, _ in columns.values()),
        dashes="\t".join("---" for _ in columns),
        cells="\t".join(cell or "     " for _, cell in columns.values()),
    )
    row = made("AllWISE", written(text, tmp_path / "vizier.tsv")).to_pylist()[0]
    assert (row["_id"], row["dec"]) == (1501351009000000001, 10.0)
    assert [row[f"w{b}mpro"] for b in (1, 2, 3, 4)] == [11.5, 12.5, 13.5, 14.5]
    assert [row[f"w{b}sigmpro"] for b in (1, 2, 3, 4)] == [0.02, 0.02, None, None]
    with pytest.raises(CorruptFileError, match="#END#"):
        made("AllWISE", written(text.replace("#END#\n", ""), tmp_path / "cut.tsv"))


def test_units_that_a_file_states_are_converted(tmp_path: Path) -> None:
    table = gaia_table()
    table["parallax"] = MaskedColumn(
        np.array([0.5, 0, 0.1]) / 1000, mask=[False, True, False], unit="arcsec"
    )
    table["ra"] = np.deg2rad([80.1, 80.2, 80.3]) * units.rad
    table.write(tmp_path / "gaia.fits")
    found = made("Gaia_EDR3", tmp_path / "gaia.fits")
    assert found.column("ra").to_pylist() == pytest.approx([80.1, 80.2, 80.3], rel=1e-14)
    assert found.column("parallax").to_pylist() == [pytest.approx(0.5), None, pytest.approx(0.1)]


@pytest.mark.parametrize(
    ("name", "text", "error", "said"),
    [
        ("AllWISE", GAIA, InputError, "has the columns of Gaia_EDR3"),
        ("Gaia_EDR3", PS1, InputError, "has the columns of PS1_DR1"),
        ("Gaia_EDR3", GAIA.replace("2016.0", "2015.5"), InputError, "ref_epoch: 2015.5"),
        ("Gaia_EDR3", GAIA.replace("parallax_error", "error"), MissingColumnError, "allow-missing"),
        ("Gaia_EDR3", GAIA.replace("source_id", "name"), MissingColumnError, "source_id or Source"),
        ("Gaia_EDR3", GAIA.replace("4657280635327480833", "4.65728e18"), InputError, "row 2"),
        ("Gaia_EDR3", GAIA.replace("-70.6", "-95"), InputError, "row 2"),
        ("Gaia_EDR3", GAIA.replace("20.5", "faint"), InputError, "faint"),
        ("Gaia_EDR3", GAIA[:-40], CorruptFileError, "text with delimiters"),
        ("Gaia_EDR3", GAIA.split("\n")[0] + "\n", InputError, "without a row"),
        ("Gaia_EDR3", "", InputError, "without rows"),
        ("Gaia_EDR3", GAIA.replace("pmra_error", "pmra"), InputError, "stands twice"),
    ],
)
def test_what_is_no_such_catalogue_is_refused_and_leaves_no_table(
    tmp_path: Path, name: str, text: str, error: type[ScopeError], said: str
) -> None:
    path = written(text, tmp_path / "file.csv")
    with pytest.raises(error, match=said):
        made(name, path)
    assert not list((tmp_path / "made").glob("*"))


def test_other_releases_are_refused(tmp_path: Path) -> None:
    gaia_table(designation=["Gaia DR2 1", "Gaia DR2 2", "Gaia DR2 3"]).write(tmp_path / "dr2.fits")
    with pytest.raises(InputError, match="designation: Gaia DR2 1"):
        made("Gaia_EDR3", tmp_path / "dr2.fits")
    allsky = written(ALLWISE.replace("_ac51-", "_aa11-"), tmp_path / "allsky.csv")
    with pytest.raises(InputError, match="source_id: 0015p105_aa11-000001"):
        made("AllWISE", allsky)


def test_a_unit_of_something_else_is_refused(tmp_path: Path) -> None:
    table = gaia_table()
    table["phot_g_mean_mag"].unit = "Jy"
    table.write(tmp_path / "gaia.fits")
    with pytest.raises(InputError, match="unit that does not fit"):
        made("Gaia_EDR3", tmp_path / "gaia.fits")


def test_columns_that_may_be_missing_are_null(tmp_path: Path) -> None:
    path = written(GAIA.replace("parallax_error", "error"), tmp_path / "gaia.csv")
    output = tmp_path / "made.parquet"
    assert make_crossmatch("Gaia_EDR3", [path], output, allow_missing=True).absent == (
        "parallax_error",
    )
    assert read_table(output).column("parallax_error").null_count == 3


def test_a_file_that_can_only_be_read_whole_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writeto(from_table(gaia_table()), str(tmp_path / "gaia.vot"))
    monkeypatch.setattr(table_stream, "WHOLE_BYTES", 1000)
    with pytest.raises(InputError, match="too large"):
        made("Gaia_EDR3", tmp_path / "gaia.vot")


def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(GAIA, tmp_path / "gaia.csv")
    arguments = ["make-crossmatch", "--archive", str(tmp_path), "--gaia", str(path)]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "Gaia_EDR3: 3 rows, ra 80.1000 to 80.3000" in said
    assert "No table of AllWISE, PS1_DR1" in said
    assert (tmp_path / "crossmatch" / "Gaia_EDR3.parquet").is_file()
    assert main(arguments) == 2
    assert "there already" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0
    assert main(arguments[:3]) == 2
