"""Command line of the console: python -m model_monitoring.console [--port N] [invite NAME]."""

import argparse
import json
import os
import signal
import sys

import boto3

from model_monitoring import datamart
from model_monitoring.console import create_app, reviews, security
from model_monitoring.console.server import listen, state_directory


def main() -> int:
    """Answer requests until interrupted and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m model_monitoring.console",
        description="Status pages and REST logging over the data mart in DATABASE_URL,"
        " or in the embedded server under .local/.",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8421,
        help="on 127.0.0.1 (default: %(default)s; 0: any free one)",
    )
    parser.add_argument(
        "--schema", default="data_mart", help="the data mart's schema (default: %(default)s)"
    )
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        dest="hosts",
        metavar="NAME",
        help="a name that browsers reach it by besides 127.0.0.1 and localhost, such as Studio's;"
        " may be repeated",
    )
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("invite", help="print the link for a reviewer, and end").add_argument(
        "reviewer"
    )
    options = parser.parse_args()
    if not 0 <= options.port < 65536:
        parser.error(f"--port {options.port}: ports go from 0 to 65535")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        # The URL may hold a password, and every user of the machine can read a command's options.
        url = os.environ.get("DATABASE_URL")
        url = url or datamart.server.start(state_directory() / "postgresql")
        if options.command == "invite":
            secrets = security.load_secrets(state_directory() / "console")
            app = create_app(url, options.schema, secrets)
            print(f"http://127.0.0.1:{options.port}{reviews.invite(app, options.reviewer)}")
            return 0
        console = listen(url, options.schema, options.port, _session(), options.hosts)
    except (OSError, ValueError, RuntimeError) as error:
        print(f"console: {error}", file=sys.stderr)
        return 1
    place = f"in {state_directory() / 'console' / 'token'}"
    if os.environ.get("CONSOLE_TOKEN"):
        place = "of CONSOLE_TOKEN"
    print(f"Console on {console.url}\nSign in with the token {place}", flush=True)
    console.server.run()
    return 0


def _session() -> boto3.Session | None:
    """Return the session that asks SageMaker for model versions.

    On AWS it is the account's own. Offline it is the offline AWS's, or None if that isn't running.
    """
    if os.environ.get("TUTORIAL_TARGET") == "aws":
        return boto3.Session()
    settings = state_directory() / "aws" / "env.json"
    if not settings.exists():
        return None
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # the user's own AWS is never asked offline
    os.environ.update(json.loads(settings.read_text()))
    return boto3.Session()


if __name__ == "__main__":
    sys.exit(main())
