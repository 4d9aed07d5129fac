"""moto's IAM, and the simulation of policies that the SageMaker SDK calls."""
