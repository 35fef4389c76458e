"""A page in one file: style, contents and sections. Nothing is loaded, nothing runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from scope.bands import BANDS, Band
from scope.jsontext import to_json

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --card: #f6f7f9; --ink: #1c2430;
  --soft: #5b6573; --line: #d9dee5; --accent: #1f5fa8; --good: #2f76c4; --rest: #b4bcc7;
  --dnn: #4a8fdd; --xgb: #c2500a; --g: #1a8754; --r: #c8352b; --i: #7d4bb5; --x: #5b6573;
  --bad: #c2182b; --warn: #c98a00; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181e; --card: #1d232b;
  --ink: #e6eaf0; --soft: #9ba6b4; --line: #343d49; --accent: #82b6f0; --good: #5a9fe8;
  --rest: #566270; --dnn: #4a86cc; --xgb: #f2914a; --g: #45bd83; --r: #ee7268; --i: #b58be8;
  --x: #9ba6b4; --bad: #ff8088; --warn: #e8b33d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main, header { max-width: 1140px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 34px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; }
h2 { font-size: 22px; margin: 52px 0 10px; padding-top: 14px; border-top: 1px solid var(--line); }
h3 { font-size: 16px; margin: 0; }
p { max-width: 76ch; margin: 8px 0; }
a { color: var(--accent); }
code { font: 0.9em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.lead { font-size: 17px; color: var(--soft); }
.note, figcaption, .of, .none { color: var(--soft); }
.note, figcaption { font-size: 14px; }
.of { font-size: 0.85em; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px;
  margin: 16px 0; padding: 0; }
.numbers div { background: var(--card); border-radius: 8px; padding: 8px 14px; }
.numbers dt { font-size: 14px; color: var(--soft); }
.numbers dd { margin: 0; font-size: 22px; font-weight: 600; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
.numbers dd small { display: block; font-size: 13px; font-weight: 400; color: var(--soft); }
.check { border-left: 6px solid var(--good); background: var(--card); border-radius: 8px;
  padding: 4px 18px 10px; margin: 18px 0; }
.check h2 { border: 0; margin: 8px 0 4px; padding: 0; font-size: 19px; }
.check.failed { border-color: var(--bad); } .check.failed h2, .bad { color: var(--bad); }
.check.warned { border-color: var(--warn); } .check ul { margin: 6px 0; padding-left: 20px; }
.check li { max-width: 90ch; margin: 4px 0; }
header section h2 { border: 0; margin: 18px 0 4px; padding: 0; }
.here { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr));
  gap: 10px 34px; align-items: start; }
.here table { margin-top: 4px; } .here td, .here th { padding: 2px 7px; }
nav ol { columns: 3 200px; padding-left: 22px; margin: 8px 0 0; }
.row { display: flex; flex-wrap: wrap; gap: 26px 34px; align-items: flex-start; margin: 16px 0; }
.row > * { min-width: 0; }
.cards { display: grid; gap: 20px; margin: 16px 0; }
.classes { grid-template-columns: repeat(auto-fill, minmax(min(500px, 100%), 1fr)); }
.small-cards { grid-template-columns: repeat(auto-fill, minmax(255px, 1fr)); }
.examples { grid-template-columns: repeat(auto-fill, minmax(min(330px, 100%), 1fr));
  margin: 8px 0 26px; }
.card { background: var(--card); border-radius: 8px; padding: 12px 14px; }
.card .row { margin: 6px 0 0; gap: 4px; flex-wrap: nowrap; }
.card p { font-size: 14px; margin: 2px 0; }
.tag { font-weight: 400; color: var(--soft); margin-left: 6px; }
figure { margin: 0; max-width: 100%; }
svg { max-width: 100%; height: auto; display: block; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14.5px; font-variant-numeric: tabular-nums;
  margin: 12px 0; }
caption { text-align: left; font-weight: 600; padding: 4px 0; }
th, td { text-align: right; padding: 4px 12px; border-bottom: 1px solid var(--line); }
td:not(.t) { white-space: nowrap; }
th { font-weight: 600; } th.t, td.t { text-align: left; } tbody th { font-weight: 400; }
thead th { border-bottom: 2px solid var(--soft); vertical-align: bottom; }
tr > :first-child { padding-left: 0; } td code { white-space: nowrap; }
details { margin: 14px 0; } td details { margin: 0; } pre { font-size: 13px; }
summary { cursor: pointer; color: var(--accent); }
.key { display: inline-block; width: 14px; height: 10px; border-radius: 2px; margin: 0 5px 0 12px; }
.key:first-child { margin-left: 0; }
.k-good { background: var(--good); } .k-rest { background: var(--rest); }
.k-member { background: var(--xgb); } .k-dnn { background: var(--dnn); opacity: 0.65; }
.k-xgb, .k-precision { height: 3px; vertical-align: 4px; background: var(--xgb); }
.k-recall { height: 3px; vertical-align: 4px; background: var(--good); }
.k-f-g { background: var(--g); } .k-f-r { background: var(--r); } .k-f-i { background: var(--i); }
.k-f-x { background: var(--x); }
svg text { font: 10.5px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  fill: var(--soft); }
svg .label { font-size: 11.5px; fill: var(--ink); }
.mid { text-anchor: middle; } .end { text-anchor: end; }
path, polyline, rect { fill: none; }
svg .frame { stroke: var(--soft); stroke-width: 1; }
svg .lines { stroke: var(--line); stroke-width: 1; }
svg .threshold { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 3 3; opacity: 0.7; }
svg .rest-fill { fill: var(--rest); opacity: 0.75; } svg .good-fill { fill: var(--good); }
svg .dnn-fill { fill: var(--dnn); opacity: 0.65; }
svg .xgb-line, svg .precision-line { stroke: var(--xgb); stroke-width: 1.6; }
svg .recall-line { stroke: var(--good); stroke-width: 1.6; }
svg .band { stroke-width: 1.8; }
/* No "svg" before these: inside of <use> there is none around them. */
.dots { stroke-linecap: round; stroke-width: 2.6; }
.dots.small { stroke-width: 2.2; opacity: 0.6; } .dots.tiny { stroke-width: 1.7; opacity: 0.55; }
.dots.good { stroke: var(--good); } .dots.rest { stroke: var(--rest); }
.dots.member { stroke: var(--xgb); stroke-width: 3.4; }
svg .bin { stroke-width: 6; }
svg .bars { stroke-width: 1; opacity: 0.35; } svg .dots.point { stroke-width: 3.6; }
svg .f-g { stroke: var(--g); } svg .f-r { stroke: var(--r); } svg .f-i { stroke: var(--i); }
svg .f-x { stroke: var(--x); }
.pixels { image-rendering: pixelated; }
footer { color: var(--soft); font-size: 14px; padding: 30px 0; }
@media (max-width: 560px) { .card .row { flex-wrap: wrap; } }
@media print { body { font-size: 12px; } .card { break-inside: avoid; } }
"""


@dataclass(frozen=True)
class Section:
    """A part of the page: an anchor, a heading and the HTML under it."""

    anchor: str
    title: str
    body: str


def assemble(
    title: str,
    lead: str,
    numbers: Sequence[tuple[str, str, str]],
    sections: Sequence[Section],
    record: Mapping[str, Any],
    first: str = "",
    style: str = "",
) -> str:
    """Return the whole page.

    Parameters
    ----------
    title : str
        Text.
    lead : str
        HTML of the sentence below the title.
    numbers : sequence of (name, value, remark)
        What the first screen says, text.
    sections : sequence of Section
    record : mapping
        Where the page came from; kept as JSON in a ``<meta name="scope">`` element.
    first : str
        HTML that the first screen shows below the sentence.
    style : str
        CSS beside that of all pages.
    """
    cards = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(remark)}</small></dd></div>"
        for name, value, remark in numbers
    )
    links = "".join(f'<li><a href="#{s.anchor}">{escape(s.title)}</a></li>' for s in sections)
    body = "\n".join(
        f'<section id="{s.anchor}" aria-labelledby="{s.anchor}-title">\n'
        f'<h2 id="{s.anchor}-title">{escape(s.title)}</h2>\n{s.body}\n</section>'
        for s in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f'<meta name="scope" content="{escape(to_json(record))}">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}{_band_style(body)}</style>\n"
        "</head>\n<body>\n"
        f'<header>\n<h1>{escape(title)}</h1>\n<p class="lead">{lead}</p>\n'
        f'{first}\n<dl class="numbers">{cards}</dl>\n'
        f'<nav aria-label="Contents"><strong>Contents</strong><ol>{links}</ol></nav>\n</header>\n'
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _band_style(body: str) -> str:
    """Return the colours of the bands in a page that the style has none for."""
    return "".join(
        f".k-f-{band.name} {{ background: {colour}; }} svg .f-{band.name} {{ stroke: {colour}; }}\n"
        for band in BANDS
        if f"svg .f-{band.name} " not in STYLE and f"f-{band.name}" in body
        for colour in (_band_colour(band),)
    )


def _band_colour(band: Band) -> str:
    """Return a colour from violet to red by wavelength, to be seen on white and on black."""
    place = min(max((band.wavelength_nm - 350) / (1000 - 350), 0.0), 1.0)
    return f"hsl({270 * (1 - place):.0f} 60% 48%)"


def figure(chart: str, caption: str = "") -> str:
    """Return a chart with its caption (HTML)."""
    text = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure>{chart}{text}</figure>"


def key(css: str, text: str) -> str:
    """Return a legend entry: a coloured swatch and its text."""
    return f'<span class="key k-{css}"></span>{escape(text)}'


def note(text: str) -> str:
    """Return a remark (HTML)."""
    return f'<p class="note">{text}</p>'
