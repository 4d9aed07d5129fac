"""SageMaker's control plane: resources as records, and the work behind some of them."""
