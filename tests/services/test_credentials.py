"""Where tokens come from, and that they stay there."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from scope.errors import ConfigError
from scope.services.credentials import Credentials, find_credentials

SECRET = "eyJhbGciOiJIUzI1NiJ9.secret"


def find(folder: Path, **environment: str) -> Credentials | None:
    path = folder / "private.yaml"
    named = path if path.exists() else None
    return find_credentials("kowalski", "gloria", environment=environment, private_file=named)


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "private.yaml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_token_in_the_environment_is_found_without_its_line_break(tmp_path: Path) -> None:
    found = find(tmp_path, GLORIA_INSTANCE_TOKEN=f"{SECRET}\n")
    assert found is not None
    assert found.token == SECRET
    assert "GLORIA_INSTANCE" in found.origin


def test_user_name_and_password_are_found_too(tmp_path: Path) -> None:
    found = find(tmp_path, GLORIA_INSTANCE_USERNAME="joe", GLORIA_INSTANCE_PASSWORD="pw")
    assert found is not None
    assert (found.token, found.username, found.password) == (None, "joe", "pw")


def test_the_private_file_serves_where_the_environment_is_empty(tmp_path: Path) -> None:
    write(tmp_path, f"kowalski:\n  gloria: {{token: {SECRET}}}\n")
    found = find(tmp_path, KOWALSKI_INSTANCE_TOKEN="of another host")
    assert found is not None
    assert found.token == SECRET


def test_the_environment_comes_before_the_private_file(tmp_path: Path) -> None:
    path = write(tmp_path, f"kowalski:\n  gloria: {{token: {SECRET}}}\n")
    environment = {"GLORIA_INSTANCE_TOKEN": "mine", "SCOPE_PRIVATE_FILE": str(path)}
    found = find_credentials("kowalski", "gloria", environment=environment)
    assert found is not None
    assert found.token == "mine"
    environment = {"SCOPE_PRIVATE_FILE": str(path)}
    found = find_credentials("kowalski", "gloria", environment=environment)
    assert found is not None
    assert found.token == SECRET


def test_a_host_without_credentials_has_none(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_credentials("kowalski", "melman", environment={}) is None
    write(tmp_path, "fritz: {token: x}\n")
    assert find_credentials("kowalski", "melman", environment={}) is None


def test_the_private_file_of_the_working_directory_needs_no_name(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, f"kowalski: {{gloria: {{token: {SECRET}}}}}\n")
    found = find_credentials("kowalski", "gloria", environment={})
    assert found is not None
    assert found.token == SECRET


def test_a_file_that_others_can_read_is_warned_of(tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, f"kowalski: {{gloria: {{token: {SECRET}}}}}\n", mode=0o644)
    with caplog.at_level(logging.WARNING):
        find_credentials("kowalski", "gloria", environment={})
    assert "chmod 600" in caplog.text
    assert SECRET not in caplog.text
    caplog.clear()
    (tmp_path / "private.yaml").chmod(0o600)
    find_credentials("kowalski", "gloria", environment={})
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kowalski: {gloria: {tokn: eyJx}}", "unknown key .* 'tokn'; allowed: token"),
        ("kowalski: {gloria: {username: joe}}", "incomplete credentials.*only a username"),
        ("kowalski: [eyJx: {", "no YAML.*line"),
        ("eyJx", "without keys"),
    ],
)
def test_mistakes_in_the_private_file_are_told_without_its_content(tmp_path, text, message) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as caught:
        find_credentials("kowalski", "gloria", environment={}, private_file=path)
    assert "eyJx" not in str(caught.value)


def test_a_private_file_that_is_named_must_be_there(tmp_path) -> None:
    with pytest.raises(ConfigError, match="no such private file"):
        find_credentials("kowalski", "gloria", environment={}, private_file=tmp_path / "x.yaml")


def test_secrets_are_in_no_representation() -> None:
    credentials = Credentials(token=SECRET, username="joe", password="hunter2", origin="here")
    assert SECRET not in repr(credentials)
    assert "hunter2" not in repr(credentials)
    assert credentials.redact(f"bad header {SECRET} and hunter2") == "bad header *** and ***"
