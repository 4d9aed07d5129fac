"""SageMaker runtime's addresses, as moto looks them up."""

from local_aws.sagemakerruntime.responses import Api

url_bases = [r"https?://runtime\.sagemaker\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/endpoints/(?P<name>[^/]+)/invocations$": Api.dispatch}
