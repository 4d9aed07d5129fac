"""Models and endpoint configurations: checked when they are created, so that few endpoints fail."""

from collections import Counter

from local_aws import services
from local_aws.sagemaker.jobs import images
from local_aws.sagemaker.models import Backend, Record
from local_aws.wire.errors import validation_error


def prepare_model(backend: Backend, record: Record) -> None:
    """Check that a model is one container with a known image and an artifact that exists."""
    if len(record.get("Containers", [])) == 1:
        record["PrimaryContainer"] = record.pop("Containers")[0]
    container = record.get("PrimaryContainer")
    if container is None:
        raise validation_error(
            "Offline, a model needs one PrimaryContainer: inference pipelines are not supported."
        )
    images.find(container.get("Image"), "serve")
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    uri = container.get("ModelDataUrl") or source.get("S3Uri")
    try:
        if uri and not services.list_objects(uri):
            raise ValueError
    except ValueError:
        raise validation_error(f"Could not find model data at {uri}.") from None


def prepare_config(backend: Backend, record: Record) -> None:
    """Check that the variants' models exist and that the request is supported offline."""
    for member in ("AsyncInferenceConfig", "ExplainerConfig"):
        if record.get(member):
            raise validation_error(f"{member} is not supported offline.")
    shadows = record.get("ShadowProductionVariants", [])
    if shadows and len(record["ProductionVariants"]) > 1:
        raise validation_error("An endpoint with a shadow variant has one production variant only.")
    variants = record["ProductionVariants"] + shadows
    repeated = [
        name
        for name, count in Counter(variant["VariantName"] for variant in variants).items()
        if count > 1
    ]
    if repeated:
        raise validation_error(f"Variant names must be unique: {', '.join(repeated)}.")
    for variant in variants:
        if "ModelName" not in variant:
            raise validation_error(
                "Offline, a production variant needs a ModelName: inference components don't run."
            )
        if not variant.get("InstanceType") and not variant.get("ServerlessConfig"):
            raise validation_error(
                "A production variant needs an InstanceType or a ServerlessConfig."
            )
        backend.find("Model", variant["ModelName"])
        variant.setdefault("InitialVariantWeight", 1.0)
