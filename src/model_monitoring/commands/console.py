"""Run the console, or print a reviewer's link: `model-monitoring console`."""

import argparse
import json
import os
import signal
import sys

import boto3

from model_monitoring.console import create_app, reviews, security
from model_monitoring.console.server import listen
from model_monitoring.datamart.places import database_url, state_directory


def run(options: argparse.Namespace) -> int:
    """Handle requests until interrupted; return 1 if the console can't start."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        url = database_url()
        if options.reviewer:
            secrets = security.load_secrets(state_directory() / "console")
            app = create_app(url, options.schema, secrets)
            print(f"http://127.0.0.1:{options.port}{reviews.invite(app, options.reviewer)}")
            return 0
        console = listen(url, options.schema, options.port, _session(), options.hosts)
    except (OSError, ValueError, RuntimeError) as error:
        print(f"console: {error}", file=sys.stderr)
        return 1
    if os.environ.get("CONSOLE_TOKEN"):
        token = "of CONSOLE_TOKEN"
    else:
        token = f"in {state_directory() / 'console' / 'token'}"
    print(f"Console on {console.url}\nSign in with the token {token}", flush=True)
    console.server.run()
    return 0


def _session() -> boto3.Session | None:
    """Return the boto3 session that asks SageMaker for model versions.

    It is that of the AWS account on AWS, else that of the offline AWS, or None if there is neither.
    """
    if os.environ.get("TUTORIAL_TARGET") == "aws":
        return boto3.Session()
    settings = state_directory() / "aws" / "env.json"
    if not settings.exists():
        return None
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # the user's own AWS account is never used offline
    os.environ.update(json.loads(settings.read_text()))
    return boto3.Session()
