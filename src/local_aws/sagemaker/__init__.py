"""SageMaker's control plane: resources as records, work behind those that have any."""
