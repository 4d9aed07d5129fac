"""Making a companion: search its rule on labelled rows; deploy, try and subscribe its endpoint."""

import numpy as np
import pandas as pd

from model_monitoring.analysis.fairness.groups import Feature
from model_monitoring.datamart import asking
from model_monitoring.datamart.companion import deployment
from model_monitoring.datamart.companion.answers import PREDICTION, PROBABILITY
from model_monitoring.datamart.companion.settings import KINDS, Companion, validation_rows
from model_monitoring.datamart.entities import SageMakerMachineLearningAsset
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.watched import Index, WatchedModel


def search(
    subscription: WatchedModel,
    settings: Companion,
    feature: Feature,
    favourable: object,
    unfavourable: object,
) -> tuple[dict, pd.DataFrame]:
    """Search a companion's rule.

    Returns everything that is kept about the rule, as plain JSON, and a row to try the companion
    with.

    Raises:
        ValueError: the model can't have a companion of this kind, or its validation rows are
            missing or unsuitable.
    """
    asset = subscription.asset
    settings.check(asset, [feature], [favourable], [unfavourable])
    inverted = asset["positive_label"] != favourable

    def score(rows: pd.DataFrame) -> np.ndarray:
        answers = (
            asking.ask(subscription, rows, asset["probability_column"]).to_numpy(float).ravel()
        )
        return 1 - answers if inverted else answers

    rows, labels = validation_rows(subscription, settings.validation, [favourable, unfavourable])
    outcomes = {"favourable": favourable, "unfavourable": unfavourable}
    found = KINDS[settings.kind](rows, feature, score, labels, target=settings.target, **outcomes)
    about = {
        "feature": feature.name,
        "kind": settings.kind,
        "validation_rows": len(rows),
        "inverted": inverted,
    }
    # None means the labelled payload: erasing its rows must also erase the rule
    about |= {"validation": settings.validation}
    content = about | {"rule": found.rule, "original": found.original}
    for name, frame in (("frontier", found.frontier), ("costs", found.costs)):
        # Columns are kept apart, because a jsonb object has no order
        content |= {name: frame.to_dict("records"), f"{name}_columns": list(frame.columns)}
    return content, rows.head(1)


def deploy(
    index: Index,
    subscription: WatchedModel,
    settings: Companion,
    content: dict,
    example: pd.DataFrame,
) -> None:
    """Deploy a companion, check that it responds, subscribe it, and store what is known about it.

    Raises:
        ValueError: SageMaker doesn't deploy it, or it doesn't respond. Nothing is left behind then.
    """
    session, region, revision = (
        subscription.boto_session,
        subscription.region,
        subscription.asset_revision(),
    )
    held = {"rule": content["rule"], "inverted": content["inverted"]}
    options = {"role": settings.role, "instance_type": settings.instance_type}
    made = deployment.deploy(session, region, subscription.source_uid, held, **options)
    try:
        added = _subscribe(index, subscription, made["endpoint"], content["rule"]["favourable"])
        asking.ask(added, example, PREDICTION, PROBABILITY)
        subscription.database.execute(
            "INSERT INTO companion (subscription_id, companion_uid, asset_revision, content)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT (subscription_id) DO UPDATE"
            " SET companion_uid = EXCLUDED.companion_uid,"
            " asset_revision = EXCLUDED.asset_revision, content = EXCLUDED.content,"
            " created_at = now(), deleted_at = NULL",
            [subscription.subscription_id, added.uid, revision, as_json(content | made)],
        )
    except BaseException:
        deployment.delete(session, region, made)
        raise


def _subscribe(
    index: Index, subscription: WatchedModel, endpoint: str, favourable: object
) -> WatchedModel:
    asset = subscription.asset
    kept = ("problem_type", "label_column", "feature_columns", "categorical_columns")
    return index.add(
        SageMakerMachineLearningAsset(
            endpoint,
            str(subscription.binding_uid),
            **{name: asset[name] for name in kept},
            prediction_column=PREDICTION,
            probability_column=PROBABILITY,
            positive_label=favourable,
            label_values=dict(map(tuple, asset["label_values"])) if asset["label_values"] else None,
            name=f"{subscription.name} debiased",
        )
    )
