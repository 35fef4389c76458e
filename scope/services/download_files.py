"""Files from a web server, a folder or a bucket: whole, checked, and resumed.

A source holds files and a list of their checksums, ``SHA256SUMS``, with a line
``<sha256>  <path>`` per file, as ``sha256sum`` writes it; or one of MD5 sums by another name.
A file that is there with the right checksum is left alone; one that broke off is gone on with,
and takes its place only when it is whole. `requests` carries the bytes; the list, the part that
is gone on with and the limits are ours, as no library has all three.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import urllib.parse
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path, PurePosixPath

from scope.errors import InputError, ScopeError, ServiceError
from scope.services.origins import origin_of
from scope.services.retry import RetryPolicy, TransientError, ask_patiently
from scope.services.transfer import TOKEN, PastTheEnd, SourceSession, Token, absent, body, opened

SUMS = "SHA256SUMS"
PART = ".part"
GOOGLE = "https://storage.googleapis.com"
EMULATOR = "STORAGE_EMULATOR_HOST"
"""Environment variable of Google's clients: where buckets are, if not at `GOOGLE`."""

_LINE = re.compile(r"(?P<digest>[0-9a-f]{64}|[0-9a-f]{32}) [ *](?P<path>.+)")
_ALGORITHMS = {64: "sha256", 32: "md5"}
"""Length of a checksum -> what it was computed by."""


@dataclass(frozen=True)
class Limits:
    """Limits on what a source sends; one without end must not fill the memory or the disk.

    Attributes
    ----------
    list_bytes : int
        Bytes of the list of checksums, which is read whole. That of the public archive, of
        330,000 files, has 27 MB.
    file_bytes : int
        Bytes of a file.
    """

    list_bytes: int = 64 << 20
    file_bytes: int = 64 << 30


@dataclass(frozen=True)
class Fetched:
    """Files that `fetch` found or got.

    Attributes
    ----------
    paths : tuple of Path
        All files of the list.
    new : tuple of Path
        Those that were not there before.
    sums : mapping of str to str
        Path in the list -> checksum, of these files.
    """

    paths: tuple[Path, ...]
    new: tuple[Path, ...]
    sums: Mapping[str, str]


def fetch(
    source: str,
    folder: str | Path,
    *,
    only: Callable[[str], bool] | None = None,
    policy: RetryPolicy | None = None,
    report: Callable[[str], object] = lambda text: None,
    sums: str = SUMS,
    workers: int = 1,
    with_token: bool = True,
    limits: Limits | None = None,
) -> Fetched:
    """Fetch the files of a source into a folder.

    Parameters
    ----------
    source : str
        ``https://…``, ``http://…``, ``gs://<bucket>/<path>``, ``s3://<bucket>/<path>`` (those
        that anybody may read, or with a token), or a folder.
    folder : path
        Gets the files, at the paths of the list.
    only : callable, optional
        Says which paths of the list are wanted.
    policy : RetryPolicy, optional
        How patient to be with a server.
    report : callable, optional
        Told what is being done, file by file.
    sums : str
        Name of the list; SHA-256 and MD5 are told apart by their length.
    workers : int
        Files that are fetched at a time.
    with_token : bool
        Whether the token in ``SCOPE_DOWNLOAD_TOKEN`` may be sent to the host of the source.
    limits : Limits, optional

    Raises
    ------
    NotFoundError
        If the source, its list or one of its files is not there.
    AccessError
        If it may not be read.
    InputError
        If the list cannot be understood, or a file is not what it says.
    ConfigError
        If others could read the token on the way.
    ServiceError
        If the server sends more than `limits`, or does not answer; what was got before is kept
        and gone on with next time.
    """
    place = location(source)
    token = Token.for_source(place) if with_token and isinstance(place, str) else None
    with SourceSession(str(place), token, workers) as session:
        client = _Client(policy or RetryPolicy(), session, limits or Limits())
        every = _read_sums(place, client, sums)
        wanted = {name: digest for name, digest in every.items() if only is None or only(name)}

        def one(name: str) -> Path | None:
            """Fetch a file; return its path if it was not there."""
            target = Path(folder) / name
            if target.is_file() and _hash(target, wanted[name]) == wanted[name]:
                return None
            report(name)
            try:
                _fetch_file(place, name, target, wanted[name], client)
            except OSError as error:
                raise ScopeError(
                    "file that cannot be written",
                    value=f"{target}: {error.strerror or error}",
                    todo="make room, or name another folder; fetch again to go on",
                ) from error
            return target

        with ThreadPoolExecutor(workers, thread_name_prefix="fetch") as pool:
            jobs = [pool.submit(one, name) for name in wanted]
            try:
                done = [job.result() for job in jobs]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                # Who presses Ctrl-C does not wait for a large file; its part is kept.
                session.stop()
                raise
    return Fetched(
        tuple(Path(folder) / name for name in wanted),
        tuple(path for path in done if path),
        wanted,
    )


def location(source: str) -> str | Path:
    """Return the address of a source, or its folder.

    Raises
    ------
    InputError
        If it is of an unknown kind.
    """
    scheme, _, rest = source.partition("://")
    if not rest:
        return Path(source).expanduser()
    if scheme in ("http", "https"):
        return _address(source)
    if scheme == "file":
        return Path(urllib.parse.unquote(urllib.parse.urlparse(source).path))
    bucket, _, path = rest.strip("/").partition("/")
    if scheme == "gs" and bucket:
        host = os.environ.get(EMULATOR, GOOGLE)
        host = host if "://" in host else f"http://{host}"
        return f"{host.rstrip('/')}/{bucket}/{path}".rstrip("/")
    if scheme == "s3" and bucket:
        return f"https://{bucket}.s3.amazonaws.com/{path}".rstrip("/")
    raise InputError(
        "source of a kind that files cannot be fetched from",
        value=source,
        allowed="https://…, http://…, gs://<bucket>/…, s3://<bucket>/…, or a folder",
    )


def _address(source: str) -> str:
    """Return the address of a web server, checked."""
    allowed = "https://<host>/… or https://<host>:<port>/…"
    try:
        host = origin_of(source).host
    except ValueError as error:
        raise InputError(f"address of a source, {source}", value=error, allowed=allowed) from None
    if not host:
        raise InputError("address of a source without a host", value=source, allowed=allowed)
    if "@" in urllib.parse.urlsplit(source).netloc:
        # Not quoted: there may be a password in it.
        raise InputError(
            f"user name in the address of a source, on {host}",
            allowed=allowed,
            todo=f"set {TOKEN} to a token of that server",
        )
    return source.rstrip("/")


@dataclass(frozen=True)
class _Client:
    """How a source is asked.

    Attributes
    ----------
    policy : RetryPolicy
    session : SourceSession
        A folder has one, too, and needs it for nothing.
    limits : Limits
    """

    policy: RetryPolicy
    session: SourceSession
    limits: Limits


def _too_long(what: object, most: int) -> ServiceError:
    return ServiceError(
        "source that sends more than is read of it",
        value=str(what),
        allowed=f"at most {most} bytes",
        todo="check the source; tell whoever keeps it",
    )


def _read_sums(place: str | Path, client: _Client, sums: str) -> Mapping[str, str]:
    """Return path -> checksum of all files of a source."""
    most = client.limits.list_bytes
    if isinstance(place, Path):
        try:
            with (place / sums).open("rb") as file:
                content = file.read(most + 1)
        except OSError as error:
            raise absent(place / sums) from error
    else:
        content = _read_list(f"{place}/{sums}", client)
    if len(content) > most:
        raise _too_long(f"{place}/{sums}", most)
    found = {}
    for line in content.decode(errors="replace").splitlines():
        match = _LINE.fullmatch(line)
        if match is None or not _is_inside(match["path"]):
            raise InputError(
                f"list of checksums that cannot be understood, {place}/{sums}",
                value=line,
                allowed="lines <sha256>  <path>, with paths inside the source",
                todo=f"write it with: sha256sum FILES > {SUMS}",
            )
        found[str(PurePosixPath(match["path"]))] = match["digest"]
    return found


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return not PurePosixPath(path).is_absolute() and ".." not in parts and bool(parts)


def _fetch_file(place: str | Path, name: str, target: Path, digest: str, client: _Client) -> None:
    part = target.with_name(target.name + PART)
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(place, Path):
        try:
            shutil.copyfile(place / name, part)
        except FileNotFoundError as error:
            raise absent(place / name) from error
    else:
        address = f"{place}/{urllib.parse.quote(name)}"
        if not (part.is_file() and _hash(part, digest) == digest):
            _download(address, part, client)
    found = _hash(part, digest)
    if found != digest:
        part.unlink()
        raise InputError(
            f"file that is not what the list of its source says, {name}",
            value=f"{_ALGORITHMS[len(digest)]} {found}",
            allowed=digest,
            todo="fetch again; if it stays so, tell whoever keeps the source",
        )
    os.replace(part, target)


def _read_list(address: str, client: _Client) -> bytes:
    """Return a list of checksums, or so much of it that it is too long."""

    def attempt() -> bytes:
        content = bytearray()
        with opened(client.session, address) as answer:
            for piece in body(answer):
                content += piece
                if len(content) > client.limits.list_bytes:
                    break
        return bytes(content)

    return ask_patiently(
        attempt, client.policy, what=f"fetching {address}", sleep=client.session.pause
    )


def _download(address: str, part: Path, client: _Client) -> None:
    """Get a file, going on where `part` ends."""

    def attempt() -> None:
        start = part.stat().st_size if part.is_file() else 0
        try:
            headers = {"Range": f"bytes={start}-"} if start else {}
            with opened(client.session, address, headers) as answer:
                # A server that cannot go on sends all of it again.
                goes_on = answer.status_code == HTTPStatus.PARTIAL_CONTENT
                with part.open("ab" if goes_on else "wb") as file:
                    for piece in body(answer):
                        file.write(piece)
                        if file.tell() > client.limits.file_bytes:
                            part.unlink()
                            raise _too_long(address, client.limits.file_bytes)
        except PastTheEnd:
            # It is longer than the file: what is there is of another version.
            part.unlink()
            raise TransientError("it has become shorter") from None

    ask_patiently(
        *(attempt, client.policy),
        what=f"fetching {address}",
        todo="fetch again to go on",
        sleep=client.session.pause,
    )


def _hash(path: Path, like: str) -> str:
    """Return the checksum of a file, of the kind that another one is."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, _ALGORITHMS[len(like)]).hexdigest()
