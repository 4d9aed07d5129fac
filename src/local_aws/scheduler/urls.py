"""EventBridge Scheduler's addresses, as moto looks them up."""

from moto.scheduler.urls import url_bases as url_bases
from moto.scheduler.urls import url_paths as paths

from local_aws.scheduler.responses import Api

url_paths = dict.fromkeys(paths, Api.dispatch)
