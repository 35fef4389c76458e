"""Write the files of config/ from the declarations: defaults, JSON schema, table of keys."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from scope.config.base import Section
from scope.config.model import Config
from scope.config.readme import readme, unit_of
from scope.config.training import ClassSetting
from scope.io import write_bytes

WIDTH = 100
ALWAYS = ("label", "features", "threshold", "balance")
"""Keys of a class that are written even where they have their default."""


def generated_files() -> dict[str, str]:
    """Return the content of every generated file of config/, by name."""
    return {
        "config.yaml": _config_yaml(),
        "features.yaml": _features_yaml(),
        "classes.yaml": _classes_yaml(),
        "schema.json": _schema_json(),
        "README.md": readme(Config()),
    }


def generate(folder: str | Path) -> list[Path]:
    """Write all generated files into `folder` and return those whose content changed."""
    changed = []
    for name, text in generated_files().items():
        path = Path(folder) / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_bytes(text.encode(), path)
            changed.append(path)
    return changed


def _config_yaml() -> str:
    """Return all keys but the long tables of features and classes."""
    config = Config()
    lines = [*_opening("Settings, all with their defaults.")]
    for name in Config.model_fields:
        if name == "features":
            continue
        skip = ("classes",) if name == "training" else ()
        lines += ["", *_entry(config, name, 0, skip)]
    return "\n".join(lines) + "\n"


def _features_yaml() -> str:
    features = Config().features
    lines = [
        *_opening(
            "What the models see. A change of `include` or `impute_strategy` acts on models that "
            "are trained from then on; trained models keep the features that they were trained on."
        ),
        "",
        "features:",
        *_entry(features, "info", 2),
    ]
    for kind in ("phenomenological", "ontological"):
        field = type(features).model_fields[kind]
        lines += ["", *_comment(str(field.description), 2), f"  {kind}:"]
        for name, setting in getattr(features, kind).items():
            lines.append(f"    {name}: {_flow(setting.model_dump())}")
    return "\n".join(lines) + "\n"


def _classes_yaml() -> str:
    """Return the classes with what differs from the defaults of a class."""
    lines = [
        *_opening(
            "The classifiers, one per class tag, and how they are trained. Keys that are not "
            "written have the defaults below."
        ),
        "#",
    ]
    for name, field in ClassSetting.model_fields.items():
        default = "required" if field.is_required() else _flow(field.default)
        lines += _comment(f"{name} ({default}): {field.description}", 0)
    lines += ["", "training:", "  classes:"]
    for tag, setting in Config().training.classes.items():
        lines.append(f"    {tag}:")
        for name, field in ClassSetting.model_fields.items():
            value = getattr(setting, name)
            if name in ALWAYS or value != field.default:
                lines.append(f"      {name}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _schema_json() -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Config.model_json_schema(),
        "title": "Configuration",
    }
    for section in (schema, *schema["$defs"].values()):
        for key in section.get("properties", {}).values():
            _allow_one_for_a_list(key)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _allow_one_for_a_list(key: dict[str, Any]) -> None:
    """Let a key that takes a list take one item as well, as the sections do."""
    choices = key.get("anyOf", [key])
    lists = [
        choice
        for choice in choices
        if choice.get("type") == "array" and "items" in choice and choice.get("minItems", 0) < 2
    ]
    if lists and "anyOf" not in key:
        kept = ("type", "items", "minItems", "maxItems")
        lists = [{name: key.pop(name) for name in kept if name in key}]
        choices = lists
    if lists:
        key["anyOf"] = [*choices, *(choice["items"] for choice in lists)]


def _opening(text: str) -> list[str]:
    return [
        "# yaml-language-server: $schema=schema.json",
        *_comment(
            f"{text} Written by `scope config generate`; README.md in this folder says how to "
            "set keys without editing this file.",
            0,
        ),
    ]


def _entry(section: Section, name: str, indent: int, skip: tuple[str, ...] = ()) -> list[str]:
    """Return the lines of one key: what it means, its name and its value."""
    field = type(section).model_fields[name]
    value = getattr(section, name)
    lines = _comment(f"{field.description}{unit_of(field)}", indent)
    if not isinstance(value, Section):
        return lines + textwrap.wrap(
            f"{name}: {_flow(value)}",
            WIDTH,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + 2),
            break_on_hyphens=False,
            break_long_words=False,
        )
    lines.append(f"{' ' * indent}{name}:")
    names = [inner for inner in type(value).model_fields if inner not in skip]
    for before, inner in zip([None, *names], names, strict=False):
        parts = [getattr(value, part) for part in (before, inner) if part is not None]
        if before is not None and any(isinstance(part, Section) for part in parts):
            lines.append("")
        lines += _entry(value, inner, indent + 2)
    return lines


def _comment(text: str, indent: int) -> list[str]:
    opening = " " * indent + "# "
    return textwrap.wrap(text, WIDTH, initial_indent=opening, subsequent_indent=opening)


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, Mapping):
        value = {
            name: item.model_dump(exclude_defaults=True) if isinstance(item, Section) else item
            for name, item in value.items()
        }
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=100_000)
    return text.removesuffix("\n").removesuffix("\n...")
