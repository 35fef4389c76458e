"""The table of all keys, for people: config/README.md."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scope.config.base import Section
from scope.config.renamed import REPLACED
from scope.features.registry import OPTIONAL_GROUPS
from scope.periods.options import ALGORITHMS

OPENING = """\
# Configuration

Written by `scope config generate` from the declarations in `scope/config`; a test compares them.

| file | holds |
|---|---|
| `config.yaml` | all keys but the two long tables, each with its default |
| `features.yaml` | which features the models see, and what replaces undefined values |
| `classes.yaml` | the classes and how they are trained |
| `schema.json` | the same as a JSON schema, for editors |
| `test/` | small configurations of the tests |

## Setting a key

Later layers win, key by key:

1. `config/*.yaml` beside the `Snakefile`: the defaults;
2. `config/*.yaml` in the folder that you run in (`snakemake --directory RUN`), if there are any;
3. `config.yaml` in that folder;
4. `--configfile FILE` and `--config KEY=VALUE` on the command line.

A layer holds only what it changes. To lower the cut on epochs, write into `config.yaml`

```yaml
feature_generation:
  min_n_lc_points: 20
```

or run

```sh
snakemake -c2 --config archive=FOLDER 'feature_generation={min_n_lc_points: 20}' \\
  results/preds_xgb/field_250.parquet
```

`scope config check` reads the layers of the current folder and says what is wrong with them: an
unknown key is an error that names the nearest known ones, and so is a key of another version.
Sections are merged; a list replaces the one before it, and a list of one can be written without
brackets.

## Credentials

User names, passwords and tokens have no place in these files. For each server of Kowalski that you
have an account on, set an environment variable: `KOWALSKI_INSTANCE_TOKEN`, `GLORIA_INSTANCE_TOKEN`,
`MELMAN_INSTANCE_TOKEN`; or `…_INSTANCE_USERNAME` and `…_INSTANCE_PASSWORD`. Or write them into the
file `private.yaml` of the folder that you run in (git ignores it; `chmod 600` keeps others from
reading it), or into the file that `SCOPE_PRIVATE_FILE` names:

```yaml
kowalski:
  gloria: {token: …}
  melman: {username: …, password: …}
fritz:
  fritz: {token: …}
```

Servers without credentials are not used. Fritz takes a token only, of `FRITZ_INSTANCE_TOKEN` or
as above.

## Hash

Each product records a hash of the settings that decide its numbers (`survey`, `surveys`,
`data_release`, `feature_generation` and `features.info.period_suffix`; with `survey: kowalski`,
also `kowalski.collections` and `kowalski.programids`). Where files lie, how much is done at a time
and the thresholds are no part of it. Trained models record what they were trained with.

## Keys
"""

ENTRIES = {
    "kowalski": "`hosts` has one entry per server, named as its environment variables are:",
    "features": "`phenomenological` and `ontological` have one entry per feature. In both lists:",
    "training": "`classes` has one entry per class, named by its tag:",
}
"""Section -> what stands above the table of its entries."""

HEADING = "| key | default | allowed | meaning |\n|---|---|---|---|\n"


def readme(config: Section) -> str:
    """Return the text of config/README.md.

    Parameters
    ----------
    config : Config
        The defaults.
    """
    names = type(config).model_fields
    sections = [name for name in names if isinstance(getattr(config, name), Section)]
    top = [row for name in names if name not in sections for row in _rows(config, name, "")]
    parts = [OPENING, _table(top)]
    for name in sections:
        section = getattr(config, name)
        rows = [row for inner in type(section).model_fields for row in _rows(section, inner, "")]
        description = str(names[name].description)
        parts.append(f"### {name}\n\n{description[:1].upper()}{description[1:]}.\n")
        parts.append(_table(rows))
        if name in ENTRIES:
            parts.append(f"{ENTRIES[name]}\n\n{_table(_entry_rows(section))}")
    parts.append(_words())
    return "\n".join(parts)


def _entry_rows(section: Section) -> list[str]:
    """Return the rows of what the entries of a section hold, each key once."""
    rows: dict[str, str] = {}
    for field in type(section).model_fields.values():
        if get_origin(field.annotation) is dict:
            entry = get_args(field.annotation)[1]
            if isinstance(entry, type) and issubclass(entry, BaseModel):
                rows |= {name: _row(name, inner, "") for name, inner in entry.model_fields.items()}
    return list(rows.values())


def _table(rows: list[str]) -> str:
    return HEADING + "\n".join(rows) + "\n"


def _rows(section: Section, name: str, parents: str) -> Iterator[str]:
    """Yield the rows of a key: its own, or those of the section that it is."""
    field = type(section).model_fields[name]
    value = getattr(section, name)
    if isinstance(value, Section):
        for inner in type(value).model_fields:
            yield from _rows(value, inner, f"{parents}{name}.")
    elif isinstance(value, dict) and any(isinstance(item, Section) for item in value.values()):
        yield f"| `{parents}{name}` | {len(value)} entries | | {field.description}; see below |"
    else:
        yield _row(f"{parents}{name}", field, value)


def _row(name: str, field: FieldInfo, value: Any) -> str:
    if field.is_required():
        default = "required"
    else:
        value = field.default if value == "" else value
        default = _short(list(value) if isinstance(value, tuple) else value)
    meaning = _cell(f"{field.description}{unit_of(field)}")
    return f"| `{name}` | {default} | {_allowed(field)} | {meaning} |"


def _cell(text: str) -> str:
    """Return a text that Markdown shows as it is, angle brackets included."""
    return text.replace("<", "&lt;")


def unit_of(field: FieldInfo) -> str:
    """Return the unit of a key in brackets, empty where it has none."""
    extra = field.json_schema_extra
    return f" [{extra['unit']}]" if isinstance(extra, dict) and "unit" in extra else ""


def _short(value: object) -> str:
    if isinstance(value, list) and len(value) > 8:
        return f"{len(value)} values, {value[0]} to {value[-1]}"
    text = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return f"`{text.removesuffix(chr(10)).removesuffix(chr(10) + '...')}`"


def _allowed(field: FieldInfo) -> str:
    """Return the choices or the range of a key, empty where its kind says enough."""
    if choices := _choices(field.annotation):
        return ", ".join(choices)
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    limits = [
        f"{sign} {getattr(item, name):.12g}"
        for item in (*field.metadata, *_of_items(field.annotation))
        for name, sign in signs.items()
        if hasattr(item, name)
    ]
    return ", ".join(limits)


def _choices(annotation: Any) -> list[str]:
    """Return the words that an annotation allows, those of a list's items included."""
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation)]
    if annotation is bool:
        return ["true", "false"]
    if get_origin(annotation) in (tuple, Union, types.UnionType):
        return [choice for part in get_args(annotation) for choice in _choices(part)]
    return []


def _of_items(annotation: Any) -> list[Any]:
    """Return what limits the items of a list, empty for anything else."""
    if get_origin(annotation) is not tuple:
        return []
    limits = getattr(get_args(annotation)[0], "__metadata__", ())
    return [item for field in limits for item in getattr(field, "metadata", ())]


def _words() -> str:
    """Return the words that some keys allow, and the keys of other versions."""
    groups, replaced = (
        "\n".join(f"| `{name}` | {_cell(meaning)} |" for name, meaning in table.items())
        for table in (OPTIONAL_GROUPS, REPLACED)
    )
    return f"""### Words

Period searches (`feature_generation.period_algorithms`): {", ".join(f"`{n}`" for n in ALGORITHMS)}.

Optional groups of features (`feature_generation.groups`):

| group | adds |
|---|---|
{groups}

## Keys of SCoPe's configuration that are not used here

`scope import-config OLD.yaml` writes the `config.yaml` that means the same, moves tokens into
`private.yaml`, and says what became of each key. In a configuration of this package each of these
keys is an error that says this:

| key | it … |
|---|---|
{replaced}
"""
