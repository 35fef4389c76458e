"""What a release says about itself, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scope.catalog.field_check import uncounted_classes

if TYPE_CHECKING:
    from scope.product.release import ReleaseOptions

_MEDIA = {
    ".parquet": "application/vnd.apache.parquet",
    ".vot": "application/x-votable+xml",
    ".fits": "application/fits",
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
}


def data_card(
    options: ReleaseOptions, facts: Sequence[Mapping[str, Any]], cut: float, licence: str
) -> str:
    """Return the data card as Markdown.

    Parameters
    ----------
    facts : sequence of mapping
        Of each target: ``target``, ``rows``, ``square_degrees``, ``tags``, ``columns``,
        ``quality`` and ``record``.
    cut : float
        Of the figures of quality.
    licence : str
        Its title.
    """
    who = "; ".join(options.authors)
    lines = [
        f"# {options.title}",
        "",
        f"Version {options.version}, {options.date}. {who}. Licence: {licence}.",
        *([f"DOI: {options.doi}."] if options.doi else []),
        "",
        options.description or "Stars with the probabilities of their classes of variability.",
        "",
        "## What it holds",
        "",
        "| target | stars | square degrees | classes with probabilities |",
        "|---|---|---|---|",
        *(
            f"| {one['target']} | {one['rows']:,} | {one['square_degrees']:.2f} "
            f"| {len(one['tags'])} |"
            for one in facts
        ),
        "",
        "A row is a star: all its light curves, whatever filter, quadrant or field. `<class>_p` is "
        "the probability of a class here, from all of them; `probability_reason` says why a star "
        "has none. Null values are null in Parquet and VOTable, NaN, empty or `TNULL` in FITS.",
        "",
        "## How to read it",
        "",
        "```python",
        "import pandas, astropy.table",
        f'pandas.read_parquet("stars/{facts[0]["target"]}.parquet")',
        f'astropy.table.Table.read("stars/{facts[0]["target"]}.vot")',
        "```",
        "",
        'TOPCAT opens the `.vot` and `.fits` files; `lsdb.open_catalog("hats")` the collection, '
        "where there is one. `sha256sum --check SHA256SUMS` tells whether all arrived.",
        "",
        f"## Can it be trusted? Quality at a probability of {cut:g}",
        "",
        "Expected from the probabilities, not measured on labels: `quality/` has magnitudes, "
        "epochs, galactic latitudes and numbers of bands too.",
        "",
        *_quality_lines(facts),
        "",
        "## Not fit for",
        "",
        *_limits(facts),
        "",
        "## Where it came from",
        "",
        *(f"- {one['target']}: {_provenance(one['record'])}" for one in facts),
        "",
        "## Columns",
        "",
        "| column | type | unit | meaning |",
        "|---|---|---|---|",
        *(f"| `{name}` | {kind} | {unit} | {text} |" for name, kind, unit, text in _columns(facts)),
    ]
    return "\n".join(lines) + "\n"


def _columns(facts: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Return the columns of all targets, each once."""
    return list({column[0]: column for one in facts for column in one["columns"]}.values())


def _quality_lines(facts: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [(one, row) for one in facts for row in one["quality"]]
    if not rows:
        return ["No star has a probability, so there is nothing to expect."]
    lines = ["| target | class | expected | above the cut | purity | completeness |"]
    lines.append("|---|---|---|---|---|---|")
    for one, row in rows:
        parts = ["–" if row[n] is None else f"{row[n]:.2f}" for n in ("purity", "completeness")]
        number = f"{row['expected']:.1f} ± {row['expected_error']:.1f}"
        if row["class"] in uncounted_classes(one["record"]):
            number = parts[1] = "–"
        cells = [one["target"], row["class"], number, f"{row['above']:,}", *parts]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _limits(facts: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        "- Probabilities hold where a target is like what the models learnt from; `ood_p` says how "
        "usual a star is. Their cards say what they were trained on.",
        "- Purity and completeness here follow from the probabilities: where these are wrong, so "
        "are those.",
        "- Stars closer than the radius of the linking are one row; `crowded` marks some of them.",
    ]
    for one in facts:
        check = one["record"].get("field_check")
        if check is not None and not check.get("passed", True):
            lines.append(
                f"- **{one['target']}: the models find classes in light curves in which nothing "
                "can be found. Its probabilities are not to be used.**"
            )
        if uncounted := sorted(uncounted_classes(one["record"])):
            lines.append(
                f"- {one['target']}: no number is to be expected of {', '.join(uncounted)}: their "
                "probabilities add up in light curves in which nothing can be found."
            )
        if one["record"].get("simulation") is not None:
            lines.append(f"- **{one['target']} is simulated: none of its stars exists.**")
    return lines


def _provenance(record: Mapping[str, Any]) -> str:
    parts = [f"scope {record.get('pipeline_version', 'of unknown version')}"]
    for name in ("data_release", "config_hash"):
        if record.get(name):
            parts.append(f"{name.replace('_', ' ')} {record[name]}")
    bundles = record.get("bundle")
    if isinstance(bundles, Mapping):
        for algorithm, one in bundles.items():
            if isinstance(one, Mapping):
                parts.append(
                    f"{algorithm} {one.get('group', '')} {str(one.get('sha256', ''))[:12]}"
                )
    return ", ".join(part.strip() for part in parts)


def citation_file(options: ReleaseOptions) -> str:
    """Return ``CITATION.cff`` (1.2.0); JSON strings are YAML."""
    lines = ["cff-version: 1.2.0", "message: Please cite this data set as below.", "type: dataset"]
    lines += [f"title: {json.dumps(options.title, ensure_ascii=False)}"]
    lines += [f"version: {json.dumps(options.version)}", f"date-released: {options.date}"]
    lines += [f"license: {options.licence}", "authors:"]
    for author in options.authors:
        family, given = _parts(author)
        if given:
            lines += [f"  - family-names: {json.dumps(family, ensure_ascii=False)}"]
            lines += [f"    given-names: {json.dumps(given, ensure_ascii=False)}"]
        else:
            lines += [f"  - name: {json.dumps(family, ensure_ascii=False)}"]
    if options.doi:
        lines += [f"doi: {json.dumps(options.doi)}"]
    return "\n".join(lines) + "\n"


def _parts(author: str) -> tuple[str, str]:
    family, _, given = (part.strip() for part in author.partition(","))
    return family, given


def datacite(options: ReleaseOptions, licence_url: str, version: str) -> dict[str, Any]:
    """Return metadata for a DOI, by the schema DataCite 4.5."""
    creators = []
    for author in options.authors:
        family, given = _parts(author)
        one = {"name": author, "nameType": "Personal" if given else "Organizational"}
        creators.append({**one, "familyName": family, "givenName": given} if given else one)
    identifiers = [{"identifier": options.doi, "identifierType": "DOI"}] if options.doi else []
    return {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "identifiers": identifiers,
        "creators": creators,
        "titles": [{"title": options.title}],
        "publisher": {"name": options.authors[0]},
        "publicationYear": options.date[:4],
        "version": options.version,
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Catalogue of stars"},
        "subjects": [{"subject": "variable stars"}, {"subject": "light curves"}],
        "dates": [{"date": options.date, "dateType": "Issued"}],
        "rightsList": [
            {
                "rights": options.licence,
                "rightsUri": licence_url,
                "rightsIdentifier": options.licence,
                "rightsIdentifierScheme": "SPDX",
            }
        ],
        "descriptions": [
            {
                "description": options.description or f"Written by scope {version}.",
                "descriptionType": "Abstract",
            }
        ],
    }


def ro_crate(options: ReleaseOptions, sizes: Mapping[str, int], licence_url: str) -> dict[str, Any]:
    """Return the metadata of an RO-Crate 1.1.

    Parameters
    ----------
    sizes : mapping of str to int
        Files of the release, relative, and their sizes in bytes.
    """
    people = [
        {"@id": f"#author-{number}", "@type": "Person", "name": author}
        for number, author in enumerate(options.authors, start=1)
    ]
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": options.title,
        "version": options.version,
        "description": options.description or options.title,
        "datePublished": options.date,
        "license": {"@id": licence_url},
        "author": [{"@id": person["@id"]} for person in people],
        "hasPart": [{"@id": name} for name in sizes],
    }
    if options.doi:
        root["identifier"] = f"https://doi.org/{options.doi}"
    parts = []
    for name, size in sizes.items():
        suffix = name[name.rfind(".") :] if "." in name else ""
        part: dict[str, Any] = {"@id": name, "@type": "File", "contentSize": str(size)}
        if suffix in _MEDIA:
            part["encodingFormat"] = _MEDIA[suffix]
        parts.append(part)
    return {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [
            {
                "@id": "ro-crate-metadata.json",
                "@type": "CreativeWork",
                "about": {"@id": "./"},
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            },
            root,
            {"@id": licence_url, "@type": "CreativeWork", "name": options.licence},
            *people,
            *parts,
        ],
    }
