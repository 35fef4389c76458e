"""Run the desk on this machine, for this machine only."""

from __future__ import annotations

import socket
from collections.abc import Callable

from scope.desk.app import desk_app
from scope.desk.desk import Desk
from scope.desk.security import Guard, new_token
from scope.errors import UsageError, reason_of

HOST = "127.0.0.1"


def serve(desk: Desk, port: int, ready: Callable[[str], None]) -> None:
    """Answer requests until the process is interrupted.

    Parameters
    ----------
    port : int
        0 takes a free one.
    ready : callable
        Gets the address, token included, when the desk listens.

    Raises
    ------
    UsageError
        If another program has the port, or it is none.
    """
    import uvicorn

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as error:
        raise UsageError(
            "--port that cannot be used",
            value=f"{port}, {reason_of(error)}",
            todo="name another one, or 0 for any that is free",
        ) from error
    port = listener.getsockname()[1]
    token = new_token()
    guarded = Guard(desk_app(desk), token, port)
    # The log of requests would show the token.
    config = uvicorn.Config(
        guarded, access_log=False, log_level="warning", server_header=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    listener.listen()
    ready(f"http://{HOST}:{port}/{token}/")
    server.run(sockets=[listener])
