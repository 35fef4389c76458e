"""A throw-away PostgreSQL server, Debian's or any other that is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

PASSWORD = "s3cret"


def server_programs() -> Path:
    """The folder of initdb and pg_ctl; Debian keeps them out of the way."""
    if os.environ.get("SCOPE_NO_POSTGRES") == "1":
        pytest.skip("SCOPE_NO_POSTGRES=1")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    folders += [Path(found).parent] if found else []
    assert folders, "no PostgreSQL: apt-get install postgresql, or set SCOPE_NO_POSTGRES=1"
    return folders[0]


def as_server(command: list[str]) -> None:
    """Run a program of the server, which refuses to be root."""
    user = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    subprocess.run(command, check=True, capture_output=True, timeout=300, cwd="/", **user)


@contextmanager
def server() -> Iterator[int]:
    """Run a server that asks for passwords, and give its port."""
    # Not below pytest's own folders, which are closed to the server's user.
    with tempfile.TemporaryDirectory(prefix="scope_postgres_") as folder:
        yield from _running(Path(folder))


def _running(folder: Path) -> Iterator[int]:
    programs = server_programs()
    data, secret = folder / "data", folder / "secret"
    data.mkdir()
    secret.write_text(PASSWORD)
    if os.geteuid() == 0:
        for path in (folder, data, secret):
            shutil.chown(path, "postgres", "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_server(
        [
            *(str(programs / "initdb"), "-D", str(data), "-U", "gotophoto", "-A", "scram-sha-256"),
            *(f"--pwfile={secret}", "--no-sync", "-E", "UTF8", "--locale=C"),
        ]
    )
    options = f"-p {port} -k {data} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [str(programs / "pg_ctl"), "-D", str(data), "-w", "-t", "300", "-o", options]
    as_server([*control, "-l", str(data / "log"), "start"])
    try:
        yield port
    finally:
        as_server(
            [str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-t", "300", "stop"]
        )


def load_night(port: int, night: Path, work_dir: str) -> None:
    """Put the tables of a simulated night into a new database gotophoto, last rows first."""
    import psycopg

    where = {"host": "127.0.0.1", "port": port, "user": "gotophoto", "password": PASSWORD}
    with psycopg.connect(dbname="postgres", autocommit=True, **where) as connection:
        connection.execute("CREATE DATABASE gotophoto")
    with psycopg.connect(dbname="gotophoto", **where) as connection:
        connection.execute(
            "CREATE TABLE image (id bigint, image_type text, ra_c double precision, "
            "dec_c double precision, jd double precision, quality integer, ncoadds integer, "
            "instrument text, filepath text, relatedimage bigint)"
        )
        connection.execute(
            "CREATE TABLE candidate (id bigint, image_id bigint, ra double precision, "
            "dec double precision, x double precision, y double precision, mag double precision, "
            "fwhm double precision, realbogus double precision)"
        )
        for table, name in (("image", "images"), ("candidate", "candidates")):
            frame = pd.read_csv(night / f"{name}.csv").iloc[::-1]
            if table == "image":
                frame["filepath"] = [
                    f"{work_dir}/{path.replace('final', 'reduced')}" for path in frame["filepath"]
                ]
            marks = ", ".join(["%s"] * frame.shape[1])
            with connection.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO {table} ({', '.join(frame.columns)}) VALUES ({marks})".encode(),
                    frame.astype(object).to_numpy().tolist(),
                )
