"""Where moto finds the response class of a backend: it looks for `urls` beside the backend's `models`."""

from rehearsal.cloud.iam.trail.responses import TrailResponse

url_bases = [r"https?://cloudtrail\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/$": TrailResponse.dispatch}
