"""Where moto finds the response class of a backend: it looks for `urls` beside the backend's `models`."""

from rehearsal.cloud.cloudformation.responses import StackResponse

url_bases = [r"https?://cloudformation\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/$": StackResponse.dispatch}
