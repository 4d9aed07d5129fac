"""The one command: ``model-monitoring``, or ``python -m model_monitoring``.

This module has only its arguments, so --help is fast; each command imports what it needs when it
runs.
"""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

from model_monitoring.analysis import __main__ as analysis

SCHEMA = {"default": "data_mart", "help": "the data mart's schema (default: %(default)s)"}


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="model-monitoring",
        description="Monitor machine-learning models: files, a data mart, a console.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    analysis.add_commands(commands)
    _add_watch(commands)
    _add_run(commands)
    _add_console(commands)
    options = parser.parse_args(arguments)
    if options.command == "run" and "DATABASE_URL" not in os.environ:
        parser.error("set DATABASE_URL to the PostgreSQL database that holds the data mart")
    if options.command == "console" and not 0 <= options.port < 65536:
        parser.error(f"--port {options.port}: ports go from 0 to 65535")
    if options.command not in ("watch", "run", "console"):
        return analysis.run(options, _download)
    try:
        command = import_module(f"model_monitoring.commands.{options.command}")
    except ImportError as error:  # its message says which extra to install
        parser.exit(2, f"error: {error}\n")
    return command.run(options)


def _add_watch(commands) -> None:
    about = (
        "Take a model on: propose its contract from training data, ask the model once, subscribe"
        " it and measure. The contract is written to a file; once it is there, the file is what"
        " counts. Exits with 2, and subscribes nothing, if something can't be used."
    )
    watch = commands.add_parser("watch", help="take a model on, on any engine", description=about)
    watch.add_argument("--training", required=True, help="the rows that the model was trained on")
    watch.add_argument("--label", help="the column with the true value")
    where = watch.add_mutually_exclusive_group()
    where.add_argument("--url", help="where the model answers over HTTP")
    where.add_argument("--endpoint", help="the name of its SageMaker endpoint")
    where.add_argument("--predictions", help="a file of rows with the model's predictions")
    watch.add_argument("--rows", help="rows that the model is asked about now, labelled or not")
    watch.add_argument("--name", help="of the model (default: that of the training file)")
    watch.add_argument("--contract", help="the contract's file (default: NAME.contract.yaml)")
    watch.add_argument("--request", help="the form of a request to --url, such as mlflow, kserve")
    watch.add_argument("--answers", help="where an answer has the predictions, in JMESPath")
    watch.add_argument("--token-variable", help="the variable with its token: ENGINE_TOKEN_…")
    watch.add_argument("--schema", **SCHEMA)


def _add_run(commands) -> None:
    about = "Run every enabled monitor and send rows to reviewers now, for cron."
    epilog = (
        "DATABASE_URL names the database. The drift monitor asks SageMaker which model version is"
        " deployed, with the usual AWS settings. Exits with 1 if a run failed or a monitor is"
        " failing, blind or stale, 2 if the data mart can't be used, 3 if there is nothing else but"
        " an unresolved alert."
    )
    run = commands.add_parser(
        "run", help="run the data mart's monitors now", description=about, epilog=epilog
    )
    run.add_argument("--schema", **SCHEMA)


def _add_console(commands) -> None:
    console = commands.add_parser(
        "console",
        help="status pages and REST logging",
        description="Status pages and REST logging over the data mart in DATABASE_URL,"
        " or in the embedded server under .local/.",
    )
    console.add_argument(
        "--port",
        type=int,
        default=8421,
        help="on 127.0.0.1 (default: %(default)s; 0: any free one)",
    )
    console.add_argument("--schema", **SCHEMA)
    console.add_argument(
        "--host",
        action="append",
        default=[],
        dest="hosts",
        metavar="NAME",
        help="a host name that browsers use besides 127.0.0.1 and localhost, such as Studio's;"
        " may be repeated",
    )
    console.set_defaults(reviewer=None)
    inviting = console.add_subparsers(dest="inviting")
    inviting.add_parser("invite", help="print the link for a reviewer, and end").add_argument(
        "reviewer"
    )


def _download(source: str, folder: Path) -> None:
    from model_monitoring.commands.downloading import download  # with boto3

    download(source, folder)


if __name__ == "__main__":
    sys.exit(main())
