"""Unified content descriptors of columns (IVOA UCD1+), for formats that carry them.

A column's own descriptor, in its metadata under ``ucd``, comes first.
"""

from __future__ import annotations

import re

import pyarrow as pa

from scope.catalog.publish import is_score

_BANDS = {"g": "em.opt.B", "r": "em.opt.R", "i": "em.opt.I"}

_BY_NAME: dict[str, str] = {
    "star_id": "meta.id;meta.main",
    "_id": "meta.id;meta.main",
    "name": "meta.id",
    "obj_id": "meta.id",
    "survey_id": "meta.id.cross",
    "ra": "pos.eq.ra;meta.main",
    "dec": "pos.eq.dec;meta.main",
    "light_curves": "meta.id.part",
    "filters": "meta.id;instr.filter",
    "filter": "meta.id;instr.filter",
    "field": "meta.id;obs.field",
    "ccd": "meta.id;instr.det",
    "quad": "meta.id;instr.det",
    "n_epochs": "meta.number;obs",
    "n_light_curves": "meta.number",
    "n_scored": "meta.number",
    "n_fields": "meta.number;obs.field",
    "n_same_period": "meta.number",
    "crowded": "meta.code.qual",
    "mag": "phot.mag;em.opt",
    "period": "time.period;src.var",
    "period_from": "meta.note",
    "significance": "stat.snr",
    "log10_fap": "stat.probability",
    "alias_trend": "meta.code.qual",
    "amplitude": "src.var.amplitude",
    "ood_p": "stat.probability",
    "reason": "meta.note",
    "probability_reason": "meta.note",
    "tree_shift": "stat.value",
    "imputed": "meta.code",
    "provenance": "meta.code",
}

SCORE = "stat.value;src.class"

_BY_FORM: tuple[tuple[str, str], ...] = (
    (r"(Gaia|AllWISE|PS1)\w*___id", "meta.id.cross"),
    (r"mag_(?P<band>[gri])", "phot.mag;{band}"),
    (r"n_(?P<band>[gri])", "meta.number;{band}"),
    (r"[gri]_[gri]", "phot.color"),
    (r"\w+_p(_train|_field)?", "stat.probability;src.class"),
    (r"\w+_set", "meta.code.class;src.class"),
)


def ucd_of(field: pa.Field) -> str:
    """Return the descriptor of a column; empty where it has none."""
    own = (field.metadata or {}).get(b"ucd", b"").decode()
    if own or field.name in _BY_NAME:
        return own or _BY_NAME[field.name]
    for form, descriptor in _BY_FORM:
        if found := re.fullmatch(form, field.name):
            parts = {name: _BANDS[band] for name, band in found.groupdict().items()}
            return descriptor.format(**parts)
    return SCORE if is_score(field.name) else ""
