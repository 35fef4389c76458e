"""No file, however damaged, and no output that cannot be written ends in a traceback."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.cli import generate_features, main, run_inference, run_scope_local
from scope.io import write_table
from scope.schema import SOURCES, arrow_schema

FLIPS = 12
"""Damaged copies of each file; each costs a command."""


def curves(path: Path) -> None:
    time = pa.array([58300.5 + np.arange(25.0)] * 3)
    flat = pa.array([np.full(25, 16.0)] * 3)
    table = {"_id": pa.array([1, 2, 3]), "hmjd": time, "mag": flat, "magerr": flat}
    pq.write_table(pa.table(table), path, compression="none")


def product(path: Path) -> None:
    rows = [{"_id": number, "ra": 1.0, "dec": 2.0, "reason": "no_period"} for number in range(40)]
    write_table(pa.Table.from_pylist(rows, arrow_schema(SOURCES)), path, {"stages": {"sources": 2}})


def features(path: Path) -> None:
    light_curves = path.with_name("light_curves.parquet")
    curves(light_curves)
    options = ["--light-curves", str(light_curves), "--output", str(path), "--workers", "1"]
    assert generate_features.main(options) == 0


def sources(path: Path) -> None:
    lines = [f"{number},{number / 7},{number / 9},star {number}" for number in range(40)]
    path.write_text("\n".join(["ztf_id,ra,dec,name", *lines]) + "\n")


def taxonomy(path: Path) -> None:
    path.write_text(json.dumps({"vnv": {"fritz_label": "variable", "taxonomy_id": 7}}))


def features_of(path: Path) -> int:
    output = str(path.with_name("out.parquet"))
    options = ["--light-curves", str(path), "--output", output, "--max-freq", "0.5"]
    return generate_features.main([*options, "--workers", "1"])


def scores_of(path: Path) -> int:
    output = str(path.with_name("out.parquet"))
    options = ["--features", str(path), "--output", output, "--algorithm", "xgb"]
    return run_inference.main([*options, "--group-name", "starter"])


def verified(path: Path) -> int:
    return main.main(["verify", str(path)])


def listed(path: Path) -> int:
    from scope.cli.run import guarded
    from scope.targets.lists import read_source_list

    return guarded(lambda: read_source_list(path))


def of_taxonomy(path: Path) -> int:
    from scope.cli.run import guarded
    from scope.fritz.taxonomy_map import read_map

    return guarded(lambda: read_map(path))


DOORS = [
    ("curves.parquet", curves, features_of),
    ("product.parquet", product, verified),
    ("features.parquet", features, scores_of),
    ("list.csv", sources, listed),
    ("map.json", taxonomy, of_taxonomy),
]


@pytest.mark.parametrize(("name", "write", "command"), DOORS, ids=[name for name, *_ in DOORS])
def test_flipped_bytes_end_in_a_result_or_in_one_line(
    name: str,
    write: Callable[[Path], None],
    command: Callable[[Path], int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / name
    write(path)
    # Whole, it is read: the command gets to what it does with the file.
    assert command(path) == 0
    whole = path.read_bytes()
    rng = np.random.default_rng(20)
    for _ in range(FLIPS):
        content = bytearray(whole)
        for place in rng.integers(0, len(whole), rng.integers(1, 9)):
            content[place] ^= int(rng.integers(1, 256))
        path.write_bytes(content)
        # A traceback would be an exception here.
        assert command(path) in (0, 2)
    path.write_bytes(whole[: len(whole) // 2])
    command(path)
    assert "Traceback" not in capsys.readouterr().err


def test_a_name_or_a_text_that_is_no_text_ends_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "curves.parquet"
    curves(path)
    # The schema stands twice in the file: for Parquet and for Arrow.
    path.write_bytes(path.read_bytes().replace(b"magerr", b"mag\xa7rr"))
    assert features_of(path) == 2
    assert capsys.readouterr().err.count("error: ") == 1
    curves(path)
    names = pa.array([b"\xff\xfe", b"b", b"c"]).view(pa.string())
    pq.write_table(pq.read_table(path).append_column("obj_id", names), path)
    assert features_of(path) == 2
    assert "curves.parquet" in capsys.readouterr().err


def test_every_flipped_bit_of_a_page_of_our_own_is_found(tmp_path: Path) -> None:
    path = tmp_path / "product.parquet"
    product(path)
    whole = path.read_bytes()
    metadata = pq.read_metadata(path)
    rng = np.random.default_rng(4)
    for number in rng.choice(metadata.num_columns, 4, replace=False):
        column = metadata.row_group(0).column(int(number))
        # The last byte of a chunk is data, not a header.
        first = column.dictionary_page_offset or column.data_page_offset
        last = first + column.total_compressed_size - 1
        path.write_bytes(whole[:last] + bytes([whole[last] ^ 1]) + whole[last + 1 :])
        assert verified(path) == 2


@pytest.mark.parametrize(
    "text",
    ["[1, 2]", "[" * 200_000, "7", "null", '{"a": [', '"\ud800"'],
    ids=["list", "deep", "number", "null", "cut", "surrogate"],
)
def test_json_of_another_form_ends_in_one_line(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "map.json"
    path.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    assert of_taxonomy(path) == 2
    folder = tmp_path / "models" / "xgb" / "mine"
    folder.mkdir(parents=True)
    (folder / "bundle.json").write_bytes(path.read_bytes())
    argv = ["models", "verify", "--models-dir", str(tmp_path / "models")]
    main.main(argv)
    said = capsys.readouterr().err
    assert said.count("error: ") >= 1
    assert "Traceback" not in said


def test_yaml_that_is_nested_too_deeply_ends_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text("a: " + "[" * 100_000)
    argv = ["config", "check", "--config-path", str(tmp_path / "config.yaml")]
    assert main.main(argv) == 2
    assert capsys.readouterr().err.count("error: ") == 1


@pytest.mark.parametrize("output", ["file/below.parquet", "file/deep/er.parquet", "n" * 300])
def test_an_output_that_cannot_be_written_is_refused_before_anything_is_read(
    output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / output
    absent = str(tmp_path / "absent.parquet")
    commands = [
        (generate_features.main, ["--light-curves", absent]),
        (run_inference.main, ["--features", absent, "--algorithm", "xgb"]),
        (main.main, ["plot-bundle", absent]),
        (main.main, ["plot-predictions", "--dnn", absent, "--xgb", absent]),
        (main.main, ["simulate"]),
        (main.main, ["assemble-training-set", "--labels", absent, "--features", absent]),
    ]
    for command, argv in commands:
        assert command([*argv, "--output", str(place)]) == 2, argv
        said = capsys.readouterr().err
        assert said.count("error: ") == 1
        assert "output that cannot be written" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize(
    "option",
    ["--dirname", "--feature-directory", "--save-sources-filepath"],
)
def test_all_outputs_of_a_long_run_are_tried_before_it(
    option: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    Path("list.csv").write_text("ra,dec\n1,2\n")
    assert run_scope_local.main(["--path-dataset", "list.csv", option, "file/below"]) == 2
    assert "output that cannot be written: 'file/below'" in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "list.csv"]


@pytest.mark.parametrize(
    "argv",
    [
        ["classify", "--features", "absent", "--output", "folder"],
        ["publish-stars", "absent", "--output", "folder"],
        ["plot-bundle", "absent", "--output", "folder"],
        [
            *("make-release", "absent", "--output", "file", "--title", "t", "--release", "1"),
            *("--author", "Doe, J", "--date", "2026-01-31"),
        ],
        ["plot-predictions", "--dnn", "absent", "--xgb", "absent", "--output", "file"],
        ["simulate", "--output", "file"],
        ["config", "generate", "--output", "file"],
    ],
    ids=lambda argv: argv[0],
)
def test_a_folder_is_no_file_to_write_and_a_file_no_folder(
    argv: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").write_text("of a user")
    assert main.main(argv) == 2
    said = capsys.readouterr().err
    assert "output that cannot be written: 'f" in said
    assert "irectory" in said
    assert Path("file").read_text() == "of a user"


def test_a_folder_that_does_not_exist_is_made_when_it_is_needed(tmp_path: Path) -> None:
    from scope.io import check_writable

    check_writable(tmp_path / "a" / "b" / "c.parquet")
    assert not list(tmp_path.iterdir())
    if sys.platform == "linux" and Path("/proc/self").is_dir():
        from scope.errors import UsageError

        with pytest.raises(UsageError, match="output that cannot be written"):
            check_writable("/proc/no/such/file.parquet")
