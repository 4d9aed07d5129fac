"""Command line of the console: python -m helpers.console [--port N]."""

import argparse
import os
import signal
import sys

from helpers import datamart
from helpers.console.server import listen, state_directory


def main() -> int:
    """Answer requests until interrupted and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m helpers.console", description="Status pages and REST logging.")
    parser.add_argument("--port", type=int, default=8421, help="on 127.0.0.1 (default: %(default)s; 0: any free one)")
    parser.add_argument("--database-url", help="default: DATABASE_URL, else the embedded server under .local/")
    parser.add_argument("--schema", default="data_mart", help="the data mart's schema (default: %(default)s)")
    options = parser.parse_args()
    if not 0 <= options.port < 65536:
        parser.error(f"--port {options.port}: ports go from 0 to 65535")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    url = options.database_url or os.environ.get("DATABASE_URL")
    try:
        console = listen(url or datamart.server.start(state_directory() / "postgresql"), options.schema, options.port)
    except (OSError, ValueError, RuntimeError) as error:
        print(f"console: {error}", file=sys.stderr)
        return 1
    token = "of CONSOLE_TOKEN" if os.environ.get("CONSOLE_TOKEN") else f"in {state_directory() / 'console' / 'token'}"
    print(f"Console on {console.url}\nSign in with the token {token}", flush=True)
    console.server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
