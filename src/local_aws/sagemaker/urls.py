"""SageMaker's addresses, as moto looks them up."""

from local_aws.a2i.responses import Api as A2iApi
from local_aws.sagemaker.responses import Api

url_bases = [r"https?://api\.sagemaker\.(.+)\.amazonaws.com"]
url_paths = {
    "{0}/$": Api.dispatch,
    "{0}/human-loops$": A2iApi.dispatch,
    "{0}/human-loops/(?P<name>[^/]+)$": A2iApi.dispatch,
}
