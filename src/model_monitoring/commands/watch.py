"""Take a model on: propose its contract, ask it once, subscribe, measure: `model-monitoring watch`.

Each step is a call of `model_monitoring.watching`.
"""

import argparse
import os
import sys
from pathlib import Path

import boto3
import pandas as pd

from model_monitoring.analysis.wording import counted
from model_monitoring.commands import capturing
from model_monitoring.datamart import DataMart, DataMartError, Subscription, watching
from model_monitoring.datamart.engines import http
from model_monitoring.datamart.monitoring import outcomes
from model_monitoring.datamart.places import database_url, state_directory


def run(options: argparse.Namespace) -> int:
    """Take the model on and print what was understood and measured.

    Returns 2 if something can't be used; nothing is subscribed then. Otherwise 0.
    """
    session = boto3.Session()
    session = session if session.region_name else None
    try:
        training = watching.read_rows(options.training)
        given = watching.read_rows(options.predictions) if options.predictions else None
        rows = watching.read_rows(options.rows) if options.rows else None
        path, contract = _contract(options, training)
        contract, sentences = _understood(path, contract, training, given, session)
        print(_described(contract), *sentences, sep="\n")
        mart = DataMart(database_url(), options.schema, session)
        mart.setup()
        subscription = watching.subscribe(mart, contract, training, session)
        watching.write_contract(contract, path)
        print(f"Contract: {path}. Subscribed as {contract.name!r}.")
        _take_in(subscription, given, rows)
        _measure(subscription, contract)
    except (DataMartError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _contract(
    options: argparse.Namespace, training: pd.DataFrame
) -> tuple[Path, watching.Contract]:
    """Read the contract, or propose one."""
    name = options.name or watching.name_of(options.training)
    path = Path(options.contract or f"{name}.contract.yaml")
    if path.exists():
        contract = watching.read_contract(path)
        watching.check_training(contract, training)
        given = {"label": contract.label} | contract.engine
        for name in ("label", "url", "endpoint"):
            if getattr(options, name) not in (None, given.get(name)):
                raise ValueError(
                    f"{path} has the {name} {given.get(name)!r}, not {getattr(options, name)!r}:"
                    " correct the contract, or name another with --contract."
                )
        return path, contract
    if options.label is None:
        raise ValueError(f"There is no contract {path} yet: name the label with --label.")
    engine = {"url": options.url, "endpoint": options.endpoint, "request": options.request}
    engine |= {"answers": options.answers, "token_variable": options.token_variable}
    engine = {name: value for name, value in engine.items() if value is not None}
    if not engine and not options.predictions:
        raise ValueError("Say where the model is: --url, --endpoint or --predictions.")
    return path, watching.propose(training, options.label, name, engine=engine)


def _understood(
    path: Path,
    contract: watching.Contract,
    training: pd.DataFrame,
    given: pd.DataFrame | None,
    session: boto3.Session | None,
) -> watching.Tried:
    """Ask the model about training rows, or look at its predictions in a file.

    If that fails, a contract that was proposed is written, so that it can be corrected.
    """
    try:
        if given is None:
            return watching.ask(contract, training, session)
        return watching.look(contract, given)
    except http.Unreachable:
        raise
    except ValueError as error:
        if path.exists():
            raise
        watching.write_contract(contract, path)
        raise ValueError(f"{error} The proposed contract is in {path}.") from None


def _described(contract: watching.Contract) -> str:
    """Say what the contract is, for a person to check."""
    lines = [f"{contract.name}: {contract.problem_type}, label {contract.label!r}"]
    if contract.classes is not None:
        positive = f"; positive: {contract.positive_class!r}" if contract.positive_class else ""
        lines.append(f"classes: {', '.join(map(repr, contract.classes))}{positive}")
    kinds = pd.Series(contract.features).groupby(list(contract.features.values())).groups
    lines += [f"{kind}: {', '.join(names)}" for kind, names in kinds.items()]
    if not contract.protected:
        lines.append("protected: nobody named an attribute, so no groups are compared")
    return "\n".join(lines)


def _take_in(
    subscription: Subscription, given: pd.DataFrame | None, rows: pd.DataFrame | None
) -> None:
    """Store a file's predictions, the model's answers to rows, and what the endpoint captured."""
    sent = []
    if given is not None:
        sent.append(watching.predicted(subscription, given))
    if rows is not None:
        sent.append(watching.send(subscription, rows))
    for one in sent:
        labels = counted(one.labels, "label")
        print(f"{counted(one.stored, 'row')} stored, {one.already} before, {labels}.")
    if report := capturing.ingest(subscription):
        print(report)


def _measure(subscription: Subscription, contract: watching.Contract) -> None:
    """Run the monitors and print what they measured; without any rows, say what to do."""
    if not subscription.payload_logging.get_records_count():
        print(
            "Nothing is measured yet: there are no rows. Log the model's traffic, or send rows with"
            " --rows, and call this again."
        )
        return
    print(*watching.measure(subscription, contract), sep="\n")
    for monitor in subscription.monitors():
        if monitor.get_details()["enabled"]:
            run = monitor.run()
            print(f"{monitor.name}: {run['state']}, {counted(run['records'], 'record')}.", end=" ")
            print(run.get("reason") or outcomes.left_out(run))
    table = subscription.get_deployment_metrics().query("slice == ''")
    table = table[["metric_type", "metric", "value", "issues"]]
    print(table.to_string(index=False, float_format="{:.4g}".format))
    if "DATABASE_URL" in os.environ:
        print("From now on, `model-monitoring run` measures what is logged: call it from cron.")
    else:
        print(
            f"The data mart is in the embedded PostgreSQL below {state_directory()}. Set"
            " DATABASE_URL to have one that `model-monitoring run` measures from cron."
        )
