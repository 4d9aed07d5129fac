"""IAM's addresses, as moto looks them up."""

from local_aws.iam.responses import Api

url_bases = [r"https?://iam\.(.*\.)?amazonaws\.com"]
url_paths = {"{0}/$": Api.dispatch}
