"""What is known of one star: its light curves, classes, cross-matches, and where it all is from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scope.catalog.stars import SAME_STAR_ARCSEC
from scope.desk.products import LIGHT_CURVES
from scope.desk.sql_text import files_sql, row_id
from scope.errors import NotFoundError, UsageError
from scope.features.crossmatch_catalogues import CATALOGUES
from scope.identifiers import iau_name
from scope.io import read_metadata, read_schema
from scope.plugins import ALGORITHMS
from scope.report.links import star_links
from scope.schema import REASONS

if TYPE_CHECKING:
    from scope.desk.desk import Desk

CURVE_COLUMNS = (
    *("_id", "ra", "dec", "field", "ccd", "quad", "filter", "n_epochs", "period"),
    *("significance", "log10_fap", "alias_trend", "reason"),
)
"""What is shown of each light curve of a star."""

SETS = {0: "neither", 1: "in", 2: "not in", 3: "either"}
"""Prediction sets in words, by `scope.catalog.probability_columns`."""

FRITZ = "https://fritz.science/search_sources/?ra={ra:.6f}&dec={dec:.6f}&radius=3"


def find_row(desk: Desk, target: str, text: str) -> dict[str, Any]:
    """Return the row of the table that an address means.

    Raises
    ------
    NotFoundError
        If there is no such star.
    """
    number = row_id(text)
    row = None if number is None else desk.table.find(target, number)
    if row is None:
        raise NotFoundError("no such star", value=f"{text[:40]} of {target[:60]}")
    return row


def picture_facts(desk: Desk, target: str, text: str, scale: str) -> dict[str, Any]:
    """Return what the page of a detection or a spectrum shows.

    Raises
    ------
    NotFoundError, ConfigError
        If there is no such row, or no such scale of greys.
    """
    assert desk.pictures is not None
    row = find_row(desk, target, text)
    return {
        "target": target,
        "id": str(row["_id"]),
        "name": desk.object_of(row),
        "row": {name: clean(row.get(name)) for name in desk.table.kinds if name in row},
        **desk.pictures.describe(row, scale),
    }


def light_curves(desk: Desk, target: str, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the light curves of a star, from the catalogue: those that its row lists, else
    those within 1.5 arcsec.
    """
    place = desk.targets[target]
    if not place.catalog.is_file():
        return [{name: row.get(name) for name in CURVE_COLUMNS}]
    there = read_schema(place.catalog).names
    names = [name for name in CURVE_COLUMNS if name in there]
    chosen = ", ".join(f'"{name}"' for name in names)
    listed = row.get(LIGHT_CURVES)
    if listed:
        condition = f"_id IN ({', '.join(str(int(one)) for one in listed)})"
        found = _rows(desk, chosen, place.catalog, condition)
        return found or [{name: row.get(name) for name in names}]
    ra, dec = row.get("ra"), row.get("dec")
    if ra is None or dec is None:
        return _rows(desk, chosen, place.catalog, f"_id = {int(row['_id'])}")
    ra, dec, reach = float(ra), float(dec), SAME_STAR_ARCSEC / 3600
    wide = reach / max(math.cos(math.radians(dec)), 1e-6)
    away = f"(abs((ra - {ra!r} + 540.0) % 360.0 - 180.0) / {wide!r}) ** 2"
    near = f"dec BETWEEN {dec - reach!r} AND {dec + reach!r}"
    condition = f"{near} AND {away} + ((dec - {dec!r}) / {reach!r}) ** 2 <= 1"
    return _rows(desk, chosen, place.catalog, condition)


def standing_for(curves: Sequence[Mapping[str, Any]]) -> int:
    """Return the id of the light curve whose features stand for a star: most epochs, if scored."""
    best = max(
        curves, key=lambda one: (one.get("reason") is None, one.get("n_epochs") or 0, -one["_id"])
    )
    return int(best["_id"])


def _rows(desk: Desk, columns: str, path: Any, condition: str) -> list[dict[str, Any]]:
    sql = f"SELECT {columns} FROM {files_sql([path])} WHERE {condition} ORDER BY _id"
    return desk.table.ask(sql).to_pylist()


def star_facts(desk: Desk, target: str, text: str) -> dict[str, Any]:
    """Return what the page of a star shows at once.

    Raises
    ------
    NotFoundError
        If there is no such star.
    """
    row = find_row(desk, target, text)
    curves = light_curves(desk, target, row)
    here = row.get("ra") is not None and row.get("dec") is not None
    ra, dec = (float(row[axis]) if here else float("nan") for axis in ("ra", "dec"))
    ids = {"_id": standing_for(curves), "Gaia_EDR3___id": int(row.get("Gaia_EDR3___id") or 0)}
    links = star_links(ra, dec, ids)
    if here:
        links["Fritz"] = FRITZ.format(ra=ra, dec=dec)
    reason = row.get("reason")
    return {
        "target": target,
        "id": str(row["_id"]),
        "name": row.get("obj_id")
        or row.get("name")
        or (iau_name(ra, dec) if here else str(row["_id"])),
        "row": {name: clean(row.get(name)) for name in desk.table.kinds if name in row},
        "reason": None if reason is None else f"{reason}: {REASONS.get(reason, '')}",
        "curves": [{name: clean(value) for name, value in one.items()} for one in curves],
        "classes": _classes(desk, row),
        "crossmatch": crossmatches(desk, target, [int(one["_id"]) for one in curves]),
        "links": links,
        "provenance": provenance(read_metadata(desk.targets[target].rows_file)),
    }


MOST_STAMPS = 100


def stamps_of(desk: Desk, ids: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Return the first stamps of some rows, by ``_id``.

    Raises
    ------
    UsageError
        If these are too many, or such as are not shown in the table.
    """
    shown = desk.pictures
    if shown is None or not shown.in_table or len(ids) > MOST_STAMPS:
        raise UsageError("stamps of rows", value=len(ids), allowed=f"{MOST_STAMPS}, of a set")
    numbers = [row_id(text) for text in ids]
    return shown.thumbnails([number for number in numbers if number is not None])


def _name(row: Mapping[str, Any]) -> str:
    """Return what a star is called: as in the list asked for, else by its position, else its id."""
    for name in ("obj_id", "name"):
        if row.get(name):
            return str(row[name])
    if row.get("ra") is None or row.get("dec") is None:
        return str(row["_id"])
    return iau_name(row["ra"], row["dec"])


def clean(value: Any) -> Any:
    """Return a value as JSON has it: no NaN, no integer that a browser would round."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    return value


def _classes(desk: Desk, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for one in desk.classes:
        tag = one["tag"]
        item = {"tag": tag, "label": one["label"], "parent": one["parent"]}
        item["p"] = clean(row.get(one["column"]))
        item["set"] = SETS.get(row.get(f"{tag}_set"))  # type: ignore[arg-type]
        scores = {name: clean(row.get(f"{tag}_{name}")) for name in ALGORITHMS}
        item["scores"] = {name: value for name, value in scores.items() if value is not None}
        found.append(item)
    return found


def crossmatches(desk: Desk, target: str, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return what other catalogues say of the star: of the first light curve that has a match."""
    files = desk.targets[target].features
    if not files or not ids:
        return []
    there = set(read_schema(files[0]).names)
    found = []
    for catalogue in CATALOGUES.values():
        columns = [one for one in catalogue.product_columns() if one.name in there]
        key = catalogue.column_name("_id")
        if key not in there:
            continue
        chosen = ", ".join(f'"{one.name}"' for one in columns)
        rows = desk.table.ask(
            f"SELECT {chosen} FROM {files_sql(files)} WHERE _id IN ({', '.join(map(str, ids))}) "
            f'AND "{key}" IS NOT NULL ORDER BY _id LIMIT 1'
        ).to_pylist()
        if rows:
            values = [
                {
                    "name": one.name.removeprefix(f"{catalogue.name}__"),
                    "value": clean(rows[0][one.name]),
                    "unit": one.unit,
                    "text": one.description,
                }
                for one in columns
                if clean(rows[0][one.name]) is not None
            ]
            found.append({"catalogue": catalogue.name, "values": values})
    return found


def provenance(record: Mapping[str, Any]) -> list[str]:
    """Return in words where a row came from."""
    words = [f"Made by version {record.get('pipeline_version', 'unknown')} of the pipeline."]
    release = record.get("data_release")
    if release:
        words.append(f"The light curves are of {release}.")
    cut = record.get("max_timestamp_hjd")
    if cut:
        words.append(f"Points after HJD {cut} were left out.")
    for algorithm, bundle in sorted(bundles_of(record).items()):
        name, sha = bundle.get("group", "?"), str(bundle.get("sha256", ""))[:12]
        words.append(f"Scores by {algorithm} are of the models “{name}” ({sha or 'no hash'}).")
    suffix = record.get("model_period_suffix")
    if suffix:
        words.append(f"Periods were searched by {suffix}.")
    check = record.get("field_check")
    if isinstance(check, Mapping):
        good = check.get("passed")
        words.append(
            "The models find next to nothing in shuffled light curves of this target."
            if good
            else "The models find classes in shuffled light curves of this target: "
            f"{', '.join(map(str, check.get('failed', [])))}."
        )
        if check.get("uncounted"):
            words.append(
                "Small probabilities add up in them all the same: no number is to be expected of "
                f"{', '.join(map(str, check['uncounted']))}."
            )
    stages = record.get("stages", {})
    if stages:
        told = ", ".join(f"{name} {version}" for name, version in sorted(stages.items()))
        words.append(f"Versions of the stages: {told}.")
    if record.get("config_hash"):
        words.append(f"Configuration {str(record['config_hash'])[:12]}.")
    return words


def bundles_of(record: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return ``group`` and ``sha256`` of the models of a record, by algorithm."""
    found = record.get("bundle")
    if not isinstance(found, Mapping):
        return {}
    if "sha256" in found or "group" in found:
        return {str(found.get("algorithm", "one model")): found}
    return {str(name): one for name, one in found.items() if isinstance(one, Mapping)}
