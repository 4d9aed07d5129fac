"""Command line of the offline AWS: ``python -m local_aws``.

Its commands are start, stop, status, env, run-schedule and invite.
"""

import argparse
import shlex
import sys

from local_aws.daemon import client, starting


def main() -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m local_aws", description="The offline AWS of this checkout."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="start the server, or find it running")
    start.add_argument(
        "--port", type=int, help="listen on this port (default: the last one used, else a free one)"
    )
    start.add_argument(
        "--portal-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name, such as that of a Jupyter server "
        "whose proxy leads to the worker portal; may be given several times, and is kept for the "
        "next start",
    )
    commands.add_parser("stop", help="stop the server and every job and endpoint it runs")
    commands.add_parser("status", help="say whether the server runs, and where")
    commands.add_parser(
        "env", help="print the export lines that point any AWS client at the server"
    )
    run = commands.add_parser("run-schedule", help="run a monitoring or EventBridge schedule now")
    run.add_argument("name")
    run.add_argument(
        "--at",
        metavar="TIME",
        help="as if it were due then (ISO, UTC), to make up for a missed hour",
    )
    invite = commands.add_parser(
        "invite", help="put a worker into an A2I work team and print the link to sign in with"
    )
    invite.add_argument("worker", help="any name")
    invite.add_argument("--workteam", help="name or ARN, needed if there are several")
    options = parser.parse_args()
    try:
        if options.command == "start":
            print(f"Offline AWS on {starting.start(options.port, options.portal_host)['url']}")
        elif options.command == "stop":
            print("Offline AWS stopped" if starting.stop() else "Offline AWS was not running")
        elif options.command == "run-schedule":
            ran = client.ask(client.RUN_SCHEDULE, name=options.name, at=options.at)
            due = f"{ran['name']}, due at {ran['scheduled']}"
            print(f"The {ran['kind']} {due}, runs: {ran['started']}")
        elif options.command == "invite":
            invited = client.ask(client.INVITE, worker=options.worker, workteam=options.workteam)
            placed = f"{invited['worker']} is in work team {invited['workteam']}"
            print(f"{placed}; to sign in, for {invited['days']} days:")
            print(invited["link"])
        elif options.command == "status":
            server = starting.running()
            print(
                f"Offline AWS on {server['url']}, process {server['pid']}"
                if server
                else "Offline AWS is not running"
            )
            return 0 if server else 3
        else:
            for name, value in starting.environment().items():
                print(f"export {name}={shlex.quote(value)}")
    except (RuntimeError, OSError) as error:
        print(f"local_aws: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
