"""The sheet of a round for people: a table to fill, and a page with what they need to decide."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scope.active.loop import Loop, facts_of
from scope.active.queries import REASONS
from scope.io.atomic import atomic_path, write_bytes

SHEET_COLUMNS = ("rank", "object", "label", "labeller", "note", "members_say", "score")

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:64rem;margin:1.5rem auto;padding:0 1rem;
color:#1b1b1b}article{border-top:1px solid #ccc;padding:1rem 0}
h2{font-size:1.05rem;margin:0 0 .3rem}
fieldset{border:0;padding:0;margin:.4rem 0}label{margin-right:1rem}svg{max-width:100%;height:auto}
.bar{display:inline-block;height:.7em;background:#4477aa;vertical-align:baseline}
td{padding:0 .6rem 0 0}button{font:inherit;padding:.3rem .8rem;position:sticky;top:.5rem}
textarea{width:20rem;height:1.4rem;font:inherit}
"""

_SCRIPT = """
document.getElementById('save').addEventListener('click',()=>{
const q=s=>'"'+String(s).replaceAll('"','""')+'"';
const who=document.getElementById('who').value.trim();
if(!who){alert('Please write your name first.');return}
const rows=['object,label,labeller,note'];
document.querySelectorAll('article').forEach(a=>{
const c=a.querySelector('input:checked');
if(c)rows.push([a.dataset.object,c.value,who,a.querySelector('textarea').value].map(q).join(','))});
const link=document.createElement('a');
link.href=URL.createObjectURL(new Blob([rows.join('\\n')+'\\n'],{type:'text/csv'}));
link.download='answers.csv';link.click()});
"""


def write_sheet(
    queries: str | Path,
    scores: str | Path,
    pool: str | Path,
    table: str | Path,
    page: str | Path,
    loop: Loop,
) -> None:
    """Write the table and the page of a round's questions.

    Parameters
    ----------
    queries, scores, pool : path
        Of the round.
    table, page : path
        ``sheet.csv``, whose column label is to be filled, and ``sheet.html``, on which people
        choose; it saves ``answers.csv``.
    """
    from scope.io.frames import read_parquet

    asked, said = read_parquet(queries), read_parquet(scores)
    rows: list[dict[str, Any]] = []
    articles: list[str] = []
    for query in asked.to_dict("records"):
        row = int(query["row"])
        summary = {str(key): value for key, value in said.iloc[row].items()}
        means = {name: float(summary[f"mean_{name}"]) for name in loop.classes}
        rows.append(
            {
                "rank": query["rank"],
                "object": query["object"],
                "label": "",
                "labeller": "",
                "note": "",
                "members_say": max(means, key=lambda name: means[name]),
                "score": query["score"],
            }
        )
        picture = loop.draw(Path(pool), row, summary)
        articles.append(_article(query, means, summary, picture, (*loop.classes, *loop.unsure)))
    _write_table(rows, table)
    facts = facts_of(queries)
    write_bytes(_page(articles, facts, facts_of(scores)).encode(), page)


def _write_table(rows: Sequence[dict[str, Any]], path: str | Path) -> None:
    import pandas as pd

    frame = pd.DataFrame(rows, columns=SHEET_COLUMNS)
    with atomic_path(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")


def _article(
    query: Mapping[Any, Any],
    means: dict[str, float],
    summary: dict[str, Any],
    picture: str,
    classes: Sequence[str],
) -> str:
    name = html.escape(str(query["object"]))
    bars = "".join(
        f"<tr><td>{html.escape(c)}</td><td><span class=bar style='width:{8 * means[c]:.2f}rem'>"
        f"</span> {means[c]:.2f}</td><td>votes {float(summary[f'votes_{c}']):.2f}</td></tr>"
        for c in means
    )
    choices = "".join(
        f"<label><input type=radio name='{name}' value='{html.escape(c)}'> {html.escape(c)}</label>"
        for c in classes
    )
    return (
        f"<article data-object='{name}'><h2>{query['rank']}. {name}</h2>{picture}"
        f"<table>{bars}</table><fieldset><legend>What is it?</legend>{choices}</fieldset>"
        f"<label>Note <textarea aria-label='note on {name}'></textarea></label></article>"
    )


def _page(articles: Sequence[str], facts: dict[str, Any], trust: dict[str, Any]) -> str:
    left_out = ", ".join(
        f"{count} rows: {REASONS[reason]}"
        for reason, count in facts.get("left_out", {}).items()
        if count
    )
    trusted = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in trust.items())
    title = f"Round {facts.get('round')} of {facts.get('task')}"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
        f"<h1>{html.escape(title)}</h1><p>{len(articles)} questions. Choose a class for those "
        "that you can tell, write your name, save, and put the file beside this page as "
        "<code>answers.csv</code>.</p>"
        "<p><label>Your name <input id=who></label><button id=save>Save answers.csv</button></p>"
        f"{''.join(articles)}<hr><p>Not asked about: {html.escape(left_out) or 'nobody'}.</p>"
        f"<p>Members: {html.escape(trusted)}.</p><script>{_SCRIPT}</script></html>\n"
    )
