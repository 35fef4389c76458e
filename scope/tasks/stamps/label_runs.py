"""A run that labels many images: in parallel, with bounded memory, resumed where it was killed.

The rows of a chunk of images are written as a pair of files into ``.parts``; a chunk whose
table is there is done. The set itself is joined of the chunks at the end. A run whose folder
still has ``.parts`` was interrupted; the same call goes on with it.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd

from scope.errors import ConfigError, InputError, ScopeError
from scope.io.atomic import check_writable, write_bytes
from scope.jsontext import parse_json, to_json
from scope.tasks.stamps.cutouts import N_LAYERS
from scope.tasks.stamps.label_images import Labelled
from scope.tasks.stamps.sets import (
    COLUMNS,
    LABELS_FILE,
    STAMPS_FILE,
    Stamps,
    StampWriter,
    read_labels,
    write_labels,
)

PARTS = ".parts"
SETTINGS = "settings.json"
WAITING = 2
"""Images under way for each process."""

Job = tuple[Callable[..., Labelled], tuple[Any, ...]]
"""A function that a process can import, and what it is called with."""

log = logging.getLogger("gotorb.label_data")


@dataclass(frozen=True)
class Failed:
    """An image that could not be used, and why."""

    reason: str


def start_run(out_dir: str | Path, settings: dict[str, Any]) -> Path:
    """Return the folder of a run: that of the same one that was interrupted, or a new one.

    Parameters
    ----------
    out_dir : path
        Parent of ``data_YYYYMMDD-HHMMSS``.
    settings : dict
        All that decides the rows, as JSON.
    """
    check_writable(Path(out_dir) / "data_")
    content = to_json(settings).encode()
    for file in sorted(Path(out_dir).glob(f"data_*/{PARTS}/{SETTINGS}")):
        if parse_json(file.read_bytes()) == parse_json(content):
            return file.parents[1]
    folder = new_folder(out_dir, "data_%Y%m%d-%H%M%S")
    write_bytes(content, folder / PARTS / SETTINGS)
    return folder


def new_folder(parent: str | Path, pattern: str) -> Path:
    """Make a folder named by the time; of two in one second the later waits."""
    while True:
        folder = Path(parent) / time.strftime(pattern)
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            time.sleep(0.2)


class RunLog:
    """Write what is logged into a file as well, for the time of a ``with`` block."""

    def __init__(self, path: Path, logger: logging.Logger = log) -> None:
        self._path, self._logger = path, logger
        self._handler: logging.Handler | None = None

    def __enter__(self) -> RunLog:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._handler = logging.FileHandler(self._path, encoding="utf-8")
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self._logger.addHandler(self._handler)
        self._logger.setLevel(logging.INFO)
        return self

    def __exit__(self, *_: object) -> None:
        if self._handler is not None:
            self._logger.removeHandler(self._handler)
            self._handler.close()


def run_jobs(
    jobs: Iterable[tuple[str, Job]], nproc: int
) -> Iterator[tuple[str, Labelled | Failed]]:
    """Do jobs in their order, at most a few ahead of what is taken.

    Parameters
    ----------
    jobs : iterable of (name, job)
        Asked for one after the other, in this process.
    nproc : int
        Processes; 0 is one a CPU, 1 is none besides this one.
    """
    workers = nproc or os.cpu_count() or 1
    if workers == 1:
        for name, job in jobs:
            yield name, _attempt(job)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        under_way: deque[tuple[str, Future[Labelled | Failed]]] = deque()
        for name, job in jobs:
            under_way.append((name, pool.submit(_attempt, job)))
            if len(under_way) >= WAITING * workers:
                done, future = under_way.popleft()
                yield done, future.result()
        while under_way:
            done, future = under_way.popleft()
            yield done, future.result()


def _attempt(job: Job) -> Labelled | Failed:
    function, arguments = job
    try:
        return function(*arguments)
    except ScopeError as error:
        return Failed(str(error))


def write_chunks(
    folder: Path, items: Sequence[Any], chunk: int, make_jobs: Callable[..., Any], **how: int
) -> int:
    """Write the chunks of a run that are not there yet.

    Parameters
    ----------
    items : sequence
        Images, or whatever `make_jobs` takes a part of.
    chunk : int
        Items of a chunk.
    make_jobs : callable
        Part of the items -> iterable of (name, job).
    **how
        ``nproc``, ``size``.

    Returns
    -------
    int
        Number of chunks.

    Raises
    ------
    InputError
        If no image could be used: the first one's reason.
    """
    if chunk < 1:
        raise InputError("images of a chunk (image_chunk)", value=chunk, allowed="1 or more")
    starts = range(0, len(items), chunk)
    reasons: list[str] = []
    for number, start in enumerate(starts):
        labels = folder / PARTS / f"{number:05d}_{LABELS_FILE}"
        if not labels.is_file():
            part = items[start : start + chunk]
            reasons += _write_chunk(labels, make_jobs(part), how["nproc"], how["size"])
    if reasons and len(reasons) == len(items):
        shutil.rmtree(folder)
        raise InputError(f"none of {len(items)} images can be used; the first", value=reasons[0])
    return len(starts)


def _write_chunk(labels: Path, jobs: Any, nproc: int, size: int) -> list[str]:
    """Write one chunk: its stamps as they come, its table in the end."""
    tables, reasons = [], []
    stamps = labels.with_name(labels.name.replace(LABELS_FILE, STAMPS_FILE))
    with StampWriter(stamps, size, N_LAYERS) as writer:
        for name, found in run_jobs(jobs, nproc):
            if isinstance(found, Failed):
                log.warning("image %s is left out: %s", name, found.reason)
                reasons.append(found.reason)
                continue
            log.info("image %s: %s", name, found.note)
            writer.write(found.stamps)
            if len(found.table):
                tables.append(found.table)
    empty = pd.DataFrame(columns=list(COLUMNS))
    write_labels(pd.concat(tables, ignore_index=True) if tables else empty, labels)
    return reasons


def part_tables(folder: Path, n_chunks: int) -> pd.DataFrame:
    """Return the rows of all chunks."""
    parts = [
        read_labels(folder / PARTS / f"{number:05d}_{LABELS_FILE}") for number in range(n_chunks)
    ]
    parts = [part for part in parts if len(part)]
    empty = pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True) if parts else empty


def part_blocks(folder: Path, n_chunks: int) -> Iterator[Any]:
    """Yield the stamps of all chunks, a block at a time."""
    for number in range(n_chunks):
        with Stamps(folder / PARTS / f"{number:05d}_{STAMPS_FILE}") as stamps:
            yield from stamps.blocks()


def finish_run(folder: Path, n_chunks: int, size: int) -> pd.DataFrame:
    """Join the chunks into the set, and remove them."""
    table = part_tables(folder, n_chunks)
    with StampWriter(folder / STAMPS_FILE, size, N_LAYERS, len(table)) as writer:
        for block in part_blocks(folder, n_chunks):
            writer.write(block)
    write_labels(table, folder / LABELS_FILE)
    shutil.rmtree(folder / PARTS)
    return table


def number_of_images(nimages: int | None, n_images: int | None) -> int:
    """Return the number that was given under one of the two names.

    Raises
    ------
    ConfigError
        If none or both were given, or it is below 1.
    """
    given = [n for n in (nimages, n_images) if n is not None]
    if len(given) != 1 or isinstance(given[0], bool) or int(given[0]) < 1:
        raise ConfigError(
            "number of images (n_images, or nimages)",
            value=", ".join(map(str, given)) or "none",
            allowed="one number, 1 or more",
        )
    return int(given[0])
