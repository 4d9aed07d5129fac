"""The engine of a contract: how it is bound, and how its form is found out."""

from collections.abc import Iterator, Mapping

import boto3

from model_monitoring.datamart.engines.instances import (
    CustomMachineLearningInstance,
    SageMakerMachineLearningInstance,
)

# What a URL usually says of the form that its server takes
_USUAL = {
    "/invocations": ["mlflow", "mlflow-inputs"],
    "/infer": ["kserve", "kserve-columns"],
    ":predict": ["tensorflow"],
}
_COMMON = ["fields", "records", "rows", "tensorflow"]


def instance_of(
    engine: Mapping, session: boto3.Session | None
) -> SageMakerMachineLearningInstance | CustomMachineLearningInstance:
    """Return what is bound for a contract's engine.

    Raises:
        ValueError: it has neither a URL nor an endpoint, or there is no session for the endpoint.
    """
    if "url" in engine:
        known = {name: value for name, value in engine.items() if value is not None}
        try:
            return CustomMachineLearningInstance(**known)
        except TypeError:
            raise ValueError(
                f"engine has {', '.join(engine)}; an engine with a url may have token_variable,"
                " request and answers."
            ) from None
    if "endpoint" in engine:
        if session is None or not session.region_name:
            raise ValueError("A SageMaker endpoint needs AWS settings with a region.")
        return SageMakerMachineLearningInstance(session.region_name)
    raise ValueError("The contract's engine needs a url, or a SageMaker endpoint.")


def binding_of(engine: Mapping, session: boto3.Session | None) -> dict:
    """Return a binding as the catalogue would hold it."""
    instance = instance_of(engine, session)
    return {"service_type": instance.service_type, "properties": instance.properties()}


def forms_to_try(engine: Mapping) -> Iterator[dict]:
    """Yield an engine with each form that it may take; a form that it names is the only one."""
    if "url" not in engine or engine.get("request"):
        yield dict(engine)
        return
    first = [form for end, forms in _USUAL.items() if engine["url"].endswith(end) for form in forms]
    for form in dict.fromkeys([*first, *_COMMON]):
        yield {**engine, "request": form}
