"""Survey ids say where a light curve is from."""

from __future__ import annotations

import math
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from scope.errors import IdentifierError
from scope.identifiers import (
    Scheme,
    ccd_quad_from_rc,
    check_columns,
    decode,
    encode_data_release,
    encode_kowalski,
    iau_name,
    rc_from_ccd_quad,
    resolve,
)

FIELDS = st.integers(1, 1999)
RELEASE_FIELDS = st.integers(100, 1999)
CCDS = st.integers(1, 16)
QUADS = st.integers(1, 4)
FILTERS = st.integers(1, 3)

KOWALSKI_ID = 10296582009946
"""Of the published SCoPe demonstration file: field 296, channel 58, filter 2."""
RELEASE_ID = 1798202100000001
OPAQUE_IDS = [0, 5, -7, 9_100_000_000_001, 9_700_000_000_810, 10**13, 2**62]


def parts(ids):
    """Field, ccd, quad, filter and number of one id, as plain integers."""
    identity = decode(ids)
    return tuple(int(part[0]) for part in identity[1:])


def test_a_kowalski_id_of_the_demonstration_file_is_read_as_published():
    assert parts(KOWALSKI_ID) == (296, 15, 3, 2, 9946)
    assert decode(KOWALSKI_ID).scheme[0] == Scheme.KOWALSKI


def test_data_release_ids_have_15_digits_or_16_above_field_999():
    assert parts(250_1_01_1_00000007) == (250, 1, 1, 1, 7)
    assert parts(1798_2_02_1_00000001) == (1798, 2, 1, 2, 1)
    assert (decode([250101100000007, RELEASE_ID]).scheme == Scheme.DATA_RELEASE).all()


@given(FIELDS, CCDS, QUADS, FILTERS, st.integers(0, 999_999))
def test_kowalski_ids_come_back_from_their_parts(field, ccd, quad, filter_, number):
    ids = encode_kowalski(field, ccd, quad, filter_, number)
    assert len(str(ids)) == 14
    assert parts(ids) == (field, ccd, quad, filter_, number)


@given(RELEASE_FIELDS, CCDS, QUADS, FILTERS, st.integers(0, 99_999_999))
def test_data_release_ids_come_back_from_their_parts(field, ccd, quad, filter_, index):
    ids = encode_data_release(field, filter_, ccd, quad, index)
    assert len(str(ids)) == (15 if field < 1000 else 16)
    assert parts(ids) == (field, ccd, quad, filter_, index)


@settings(max_examples=300)
@given(st.integers(-(2**63), 2**63 - 1) | st.integers(10**13, 2 * 10**15))
def test_whatever_is_decoded_encodes_to_the_same_id(value):
    identity = decode(value)
    field, ccd, quad, filter_, number = parts(value)
    if identity.scheme[0] == Scheme.KOWALSKI:
        assert encode_kowalski(field, ccd, quad, filter_, number) == value
    elif identity.scheme[0] == Scheme.DATA_RELEASE:
        assert encode_data_release(field, filter_, ccd, quad, number) == value
    else:
        assert (field, ccd, quad, filter_, number) == (-1,) * 5


def test_ids_of_other_surveys_are_opaque():
    identity = decode(OPAQUE_IDS)
    assert (identity.scheme == Scheme.OPAQUE).all()
    assert (identity.field == -1).all()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (10_296_64_2_009946, "readout channel 64"),
        (10_296_58_4_009946, "filter 4"),
        (12_000_58_2_009946, "field 2000"),
        (10_000_58_2_009946, "field 0"),
        (250_1_17_1_00000001, "ccd 17"),
        (250_1_00_1_00000001, "ccd 0"),
        (250_1_01_5_00000001, "quadrant 5"),
        (250_0_01_1_00000001, "filter 0"),
        (2000_1_01_1_00000001, "field 2000"),
        (99_1_01_1_00000001, "14 digits"),
    ],
)
def test_an_id_with_a_part_out_of_range_is_opaque(value, why):
    assert decode(value).scheme[0] == Scheme.OPAQUE, why


def test_no_integer_is_an_id_of_both_schemes():
    # Largest and smallest ids of the two schemes, by their definition.
    assert encode_kowalski(1999, 16, 4, 3, 999_999) < encode_data_release(100, 1, 1, 1, 0)


@pytest.mark.parametrize(
    "bad",
    [
        {"field": 0},
        {"field": 2000},
        {"ccd": 0},
        {"ccd": 17},
        {"quad": 5},
        {"filter": 4},
        {"number": 10**6},
        {"number": -1},
        {"ccd": 1.5},
    ],
)
def test_parts_out_of_range_are_refused(bad):
    good = {"field": 296, "ccd": 15, "quad": 3, "filter": 2, "number": 9946}
    with pytest.raises(IdentifierError, match=next(iter(bad))):
        encode_kowalski(**(good | bad))


def test_data_release_ids_of_fields_below_100_are_refused_as_ambiguous():
    with pytest.raises(IdentifierError, match="100 to 1999"):
        encode_data_release(99, 1, 1, 1, 0)


def test_readout_channels_count_quadrants_within_detectors():
    ccd, quad = ccd_quad_from_rc(np.arange(64))
    assert [ccd[0], quad[0], ccd[58], quad[58], ccd[63], quad[63]] == [1, 1, 15, 3, 16, 4]
    assert (rc_from_ccd_quad(ccd, quad) == np.arange(64)).all()
    with pytest.raises(IdentifierError, match="rc"):
        ccd_quad_from_rc(64)


@pytest.mark.parametrize("bad", [[1.5], ["10296582009946"], [[1], [2]], [2**63]])
def test_ids_that_are_no_64_bit_integers_are_refused(bad):
    with pytest.raises(IdentifierError):
        decode(np.asarray(bad))


def test_no_ids_are_fine():
    assert len(decode([]).field) == 0
    assert len(resolve([], {"field": []}).field) == 0


def test_columns_that_agree_pass():
    check_columns([KOWALSKI_ID, 5], field=[296, 9001], rc=[58, 0], filter=[2, 1])
    check_columns([RELEASE_ID], field=1798, ccd=2, quad=1, filter=2)
    check_columns([KOWALSKI_ID], field=[None], rc=[np.nan], filter=np.ma.masked_array([9], [True]))


@pytest.mark.parametrize(
    "columns", [{"field": 297}, {"rc": 57}, {"ccd": 1}, {"quad": 1}, {"filter": 1}]
)
def test_a_column_that_contradicts_an_id_is_an_error_that_names_the_id(columns):
    with pytest.raises(IdentifierError, match=f"{next(iter(columns))}.*{KOWALSKI_ID}"):
        check_columns([5, KOWALSKI_ID], **columns)


def test_columns_of_another_length_are_refused():
    with pytest.raises(IdentifierError, match="another length"):
        check_columns([KOWALSKI_ID, 5], field=[296])


def test_rows_are_placed_by_id_then_by_columns_then_not_at_all():
    ids = [KOWALSKI_ID, 5, 6]
    placed = resolve(ids, {"field": [None, 9001, None], "rc": [58, 7, -1]})
    assert placed.field.to_pylist() == [296, 9001, None]
    assert placed.ccd.to_pylist() == [15, 2, None]
    assert placed.quad.to_pylist() == [3, 4, None]
    assert placed.filter.to_pylist() == [2, None, None]


def test_own_detector_columns_come_before_the_readout_channel():
    placed = resolve([5, 6], {"ccd": [9, None], "rc": [7, 7]})
    assert placed.ccd.to_pylist() == [9, 2]
    assert placed.quad.to_pylist() == [4, 4]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([7, None]),
        pa.chunked_array([[7], [None]]),
        pd.Series([7, None], dtype="Int32"),
        pd.Series([7.0, np.nan]),
        np.ma.masked_array([7, 0], [False, True]),
        [7, None],
        # Unsigned, as in the public bulk files: there is no room for -1.
        pa.array([7, None], pa.uint8()),
        np.ma.masked_array(np.array([7, 0], np.uint8), [False, True]),
    ],
    ids=["arrow", "chunked", "nullable", "float", "masked", "list", "unsigned", "unsigned masked"],
)
def test_columns_may_come_in_any_container(column):
    assert resolve([5, 6], {"field": column}).field.to_pylist() == [7, None]


def test_a_contradiction_stops_the_placing_of_rows():
    with pytest.raises(IdentifierError, match="field"):
        resolve([KOWALSKI_ID], {"field": [297]})


@given(st.floats(0, 360, exclude_max=True), st.floats(-90, 90))
def test_names_are_the_rounded_position_of_astropy(ra, dec):
    # Independent: astropy's sexagesimal formatter, which rounds and carries too.
    position = SkyCoord(ra, dec, unit="deg")
    hours = position.ra.to_string("hour", sep="", precision=2, pad=True)
    degrees = position.dec.to_string("deg", sep="", precision=1, pad=True, alwayssign=True)
    degrees = degrees.replace("-000000.0", "+000000.0")
    hours = hours.replace("240000.00", "000000.00")
    name = iau_name(ra, dec)
    assert len(name) == len("ZTFJ173242.62-204117.0")
    # Exact ties may round either way in the last digit.
    if not _near_a_tie(ra, dec):
        assert name == f"ZTFJ{hours}{degrees}"


def _near_a_tie(ra: float, dec: float) -> bool:
    units = (ra / 15 * 360000, abs(dec) * 36000)
    return any(math.isclose(unit % 1, 0.5, abs_tol=1e-6) for unit in units)


def test_seconds_that_round_to_sixty_carry_over():
    # 23h59m59.999s and 9'59.99": by hand.
    assert iau_name(359.999996, 9.999999) == "ZTFJ000000.00+100000.0"
    assert iau_name(15.0 - 1e-6, -(1 - 1e-6)) == "ZTFJ010000.00-010000.0"


def test_a_position_off_the_sphere_has_no_name():
    for ra, dec in ((np.nan, 0.0), (10.0, 90.1), (10.0, np.nan)):
        with pytest.raises(IdentifierError, match="position"):
            iau_name(ra, dec)


@pytest.mark.real
@pytest.mark.parametrize(
    "file",
    [
        "ztf_dr5_bulk/ztf_000250_zg_c01_q1_dr5.parquet",
        "ztf_dr5_bulk/ztf_000202_zg_c16_q2_dr5.parquet",
        "ztf_wd/lightcurves.parquet",
    ],
)
def test_real_data_release_ids_agree_with_their_columns(real_data: Path, file):
    table = pq.read_table(
        real_data / "light_curves" / file, columns=["objectid", "fieldid", "rcid", "filterid"]
    )
    ids = table["objectid"].to_numpy()
    identity = decode(ids)
    assert (identity.scheme == Scheme.DATA_RELEASE).all()
    check_columns(ids, field=table["fieldid"], rc=table["rcid"], filter=table["filterid"])
    again = encode_data_release(
        identity.field, identity.filter, identity.ccd, identity.quad, identity.number
    )
    assert (again == ids).all()
    if file.startswith("ztf_dr5_bulk"):
        # The file name says the same.
        _, field, _, ccd, quad, _ = Path(file).name.split("_")
        assert (identity.field == int(field)).all()
        assert (identity.ccd == int(ccd[1:])).all()
        assert (identity.quad == int(quad[1:])).all()


@pytest.mark.real
@pytest.mark.parametrize(
    "name", ["asas_acvs", "asas_train", "eros_ramp", "kepler_tda", "s82_rrlyr"]
)
def test_real_ids_of_other_surveys_are_opaque(real_data: Path, name):
    path = real_data / "light_curves" / name / "lightcurves.parquet"
    ids = pq.read_table(path, columns=["objectid"])["objectid"].to_numpy()
    assert (decode(ids).scheme == Scheme.OPAQUE).all()


@pytest.mark.real
def test_real_published_predictions_have_ids_of_the_quadrant_in_their_name(real_data: Path):
    # 487_12_1_17.h5: field, ccd, quad, class number.
    with h5py.File(real_data / "tables/scope_predictions/487_12_1_17.h5") as file:
        ids = file["preds"][:, 0].astype(np.int64)
    identity = decode(ids)
    assert (identity.scheme == Scheme.KOWALSKI).all()
    assert set(zip(identity.field, identity.ccd, identity.quad, strict=True)) == {(487, 12, 1)}


@pytest.mark.real
def test_real_published_features_name_the_filter_of_their_ids(real_data: Path):
    with h5py.File(real_data / "tables/scope_predictions/features_331_2_3_7.h5") as file:
        stats, filters = file["stats"][:], file["filters"][:].astype(int)
        names = file["names"][:].astype(str)
    identity = decode(stats[:, 0].astype(np.int64))
    assert (identity.filter == filters).all()
    assert set(zip(identity.field, identity.ccd, identity.quad, strict=True)) == {(331, 2, 3)}
    # Their names are cut off after whole minutes of our longer ones.
    ours = [iau_name(ra, dec) for ra, dec in stats[:, 1:3]]
    agree = [f"{o[:8]}{o[13:18]}" == n for o, n in zip(ours, names, strict=True)]
    assert np.mean(agree) == 1.0
