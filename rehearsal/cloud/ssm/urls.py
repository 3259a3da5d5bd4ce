"""Where moto finds the response class of a backend: it looks for `urls` beside the backend's `models`."""

from rehearsal.cloud.ssm.responses import SsmResponse

url_bases = [r"https?://ssm\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/$": SsmResponse.dispatch}
