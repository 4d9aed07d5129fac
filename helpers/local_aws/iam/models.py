"""IAM's backend: moto's own, declared here so that moto takes its responses from this folder."""

from moto.iam.models import IAMBackend


class Backend(IAMBackend):
    """moto's IAM backend."""
