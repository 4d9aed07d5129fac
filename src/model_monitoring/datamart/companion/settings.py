"""How a companion is made, and the labelled rows that its rule is searched on."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

import pandas as pd
from botocore.exceptions import ClientError

from model_monitoring.analysis.fairness.companion.finding import blind, per_group
from model_monitoring.analysis.fairness.groups import Feature
from model_monitoring.datamart.entities import ProblemType
from model_monitoring.datamart.postgres.texts import check_text, check_texts
from model_monitoring.datamart.rows import chosen
from model_monitoring.datamart.watched import WatchedModel

KINDS = {"per_group": per_group, "blind": blind}
VALIDATION_ROWS = 10_000  # taken from the labelled payload


@dataclass(frozen=True)
class Companion:
    """How a companion is made if a run finds bias.

    `role` is the execution role of its model; its endpoint gets one instance of `instance_type`.
    With `kind` "per_group" the rule has a threshold for each group; with "blind" it doesn't need
    the attribute to decide. `feature` is the attribute to even out, by default the most biased one.
    `target` is the lowest ratio of favourable rates to reach, by default the feature's threshold.
    `validation` is the S3 URI of labelled rows that the model was not trained on, a CSV file with a
    header: features and the label. By default the subscription's labelled payload is used.

    >>> companion = Companion("arn:aws:iam::123456789012:role/model", feature="sex", target=0.9)
    >>> companion.kind, companion.instance_type
    ('per_group', 'ml.m5.large')
    """

    role: str
    kind: str = "per_group"
    feature: str | None = None
    validation: str | None = None
    target: float | None = None
    instance_type: str = "ml.m5.large"

    def check(
        self, asset: Mapping, features: Sequence[Feature], favourable: Sequence, unfavourable
    ) -> None:
        """Raise ValueError if the model can't have a companion of this kind."""
        check_texts(asdict(self), "companion")
        if self.kind not in KINDS:
            raise ValueError(
                f"A companion's kind must be one of {', '.join(KINDS)}, not {self.kind!r}."
            )
        if (
            asset["problem_type"] != ProblemType.BINARY_CLASSIFICATION
            or not asset["probability_column"]
        ):
            raise ValueError(
                "A companion needs a binary classifier that returns probabilities"
                " (probability_column)."
            )
        if len(favourable) != 1 or len(unfavourable or ()) != 1:
            raise ValueError(
                "A companion needs exactly one favourable and one unfavourable class; name both,"
                f" not {list(favourable)!r:.80} and {list(unfavourable or ())!r:.80}."
            )
        if asset["positive_label"] not in (*favourable, *unfavourable):
            raise ValueError(
                f"The subscription's positive_label is {asset['positive_label']!r}, which is"
                " neither the favourable nor the unfavourable class. It must be one of them: the"
                " model's probability is that of the positive label."
            )
        if self.feature not in (None, *(feature.name for feature in features)):
            raise ValueError(
                f"The companion's feature, {self.feature!r}, isn't one of the monitored features."
            )


def validation_rows(
    subscription: WatchedModel, uri: str | None, outcomes: Sequence
) -> tuple[pd.DataFrame, list]:
    """Return features and labels of the rows to search a rule on.

    They are the rows whose label is one of the outcomes.

    Raises:
        ValueError: the file can't be read or lacks a column, or no row has such a label.
    """
    asset = subscription.asset
    if uri is None:
        rows = chosen.labelled(subscription, VALIDATION_ROWS)
        features, labels = (
            rows.features[asset["feature_columns"]],
            pd.Series(rows.labels, dtype=object),
        )
        where = f"the labelled payload of {subscription.name!r}"
    else:
        frame, where = read_csv(subscription, uri), uri
        wanted = [*asset["feature_columns"], asset["label_column"]]
        if absent := [name for name in wanted if name not in frame]:
            raise ValueError(
                f"{uri} lacks the columns {', '.join(absent)}: it needs a header with the features"
                " and the label."
            )
        translation = dict(map(tuple, asset["label_values"] or ()))
        features, labels = (
            frame[asset["feature_columns"]],
            frame[asset["label_column"]].astype(object),
        )
        labels = labels.map(lambda label: translation.get(label, label))
    known = labels.isin(list(outcomes)).to_numpy()
    if not known.any():
        raise ValueError(
            f"No row of {where} has a label that is {' or '.join(map(repr, outcomes))}."
        )
    return features[known].reset_index(drop=True), labels[known].tolist()


def read_csv(subscription: WatchedModel, uri: str) -> pd.DataFrame:
    """Read a CSV file with a header from S3.

    Raises:
        ValueError: there is no session, no such object, or it isn't a CSV file.
    """
    check_text(uri, "uri")
    place = urlsplit(uri)
    if place.scheme != "s3" or not place.netloc or not place.path.strip("/"):
        raise ValueError(f"{uri!r} is not the S3 URI of a file: s3://bucket/key.csv.")
    if subscription.boto_session is None:
        raise ValueError("Reading S3 needs a session: DataMart(url, boto_session=...).")
    s3 = subscription.boto_session.client("s3", region_name=subscription.region)
    try:
        body = s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read()
        return pd.read_csv(io.BytesIO(body))
    except ClientError as error:
        raise ValueError(f"{uri} can't be read: {error.response['Error']['Message']}") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{uri} isn't a CSV file with a header: {error}") from None
