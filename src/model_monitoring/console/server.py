"""Run the console: in the background of a notebook, or for `python -m model_monitoring console`."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Thread

import boto3
from flask import Flask

from model_monitoring.console import reviews, security
from model_monitoring.console.app import create_app
from model_monitoring.console.listener import Listener
from model_monitoring.datamart.places import state_directory


@dataclass(frozen=True)
class Console:
    """A console: its address and token. `server.run()` handles requests until `stop()`."""

    url: str
    token: str = field(repr=False)
    app: Flask = field(repr=False)
    server: Listener = field(repr=False)

    def invite(self, reviewer: str, url: str | None = None) -> str:
        """Return the link that lets a reviewer answer tasks for a week.

        `url` is the address at which reviewers reach the console, if it isn't the console's own:
        that of Jupyter's proxy, or of a server in front of the console.

        Raises:
            ValueError: there is no reviewer with that name.
        """
        return (url or self.url).rstrip("/") + reviews.invite(self.app, reviewer)

    def stop(self) -> None:
        """Finish the requests that have begun, and accept no more."""
        self.server.task_dispatcher.shutdown(cancel_pending=False)
        # The thread that waits on the sockets closes them. Then it has nothing to wait on, and
        # ends. Something else may wake it: the lock keeps it from closing the trigger before the
        # trigger is pulled here.
        with self.server.trigger.lock:
            self.server.trigger.thunks.append(
                lambda: self.server.asyncore.close_all(self.server._map)
            )
            self.server.trigger.pull_trigger()
        deadline = time.monotonic() + 5
        # Wait until everything is closed: otherwise, a console started now could get a file number
        # that is just being closed, and lose its file.
        while self.server._map and time.monotonic() < deadline:
            time.sleep(0.01)


def listen(
    database_url: str,
    schema: str,
    port: int,
    boto_session: boto3.Session | None = None,
    hosts: Iterable[str] = (),
) -> Console:
    """Listen on a port of 127.0.0.1, or on any free port if it is 0.

    See `create_app` for the session and hosts.

    Raises:
        RuntimeError: the port is in use.
        ValueError: CONSOLE_TOKEN is too short, or a host is more than a name.
    """
    secrets = security.load_secrets(state_directory() / "console")
    app = create_app(database_url, schema, secrets, boto_session, hosts)
    try:
        server = Listener(app, port)
    except OSError as error:
        raise RuntimeError(
            f"Can't listen on port {port} of 127.0.0.1: {error}. Choose another port."
        ) from None
    return Console(f"http://127.0.0.1:{server.effective_port}", secrets.token, app, server)


def start(
    database_url: str,
    schema: str = "data_mart",
    port: int = 0,
    boto_session: boto3.Session | None = None,
    hosts: Iterable[str] = (),
) -> Console:
    """Run the console in the background of this process, until `stop()` or the process's end.

    `hosts` are names under which browsers reach it, besides 127.0.0.1 and localhost, such as that
    of SageMaker Studio: ["d-abc123.studio.eu-central-1.sagemaker.aws"].

    Raises:
        RuntimeError: the port is in use.
        ValueError: CONSOLE_TOKEN is too short, or a host is more than a name.
    """
    console = listen(database_url, schema, port, boto_session, hosts)
    Thread(target=console.server.run, daemon=True).start()
    return console
