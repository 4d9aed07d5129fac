"""Scoring engines: SageMaker, any HTTP server, and S3."""
