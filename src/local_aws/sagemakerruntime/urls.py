"""The addresses of SageMaker's runtime that moto looks up: none, see responses."""

url_bases = [r"https?://runtime\.sagemaker\.(.+)\.amazonaws\.com"]
url_paths: dict[str, object] = {}
