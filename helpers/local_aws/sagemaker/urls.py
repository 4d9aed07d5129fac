"""SageMaker's addresses, as moto looks them up."""

from helpers.local_aws.sagemaker.responses import Api

url_bases = [r"https?://api\.sagemaker\.(.+)\.amazonaws.com"]
url_paths = {"{0}/$": Api.dispatch}
