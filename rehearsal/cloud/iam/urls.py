"""Where moto finds the response class of a backend: it looks for `urls` beside the backend's `models`."""

from rehearsal.cloud.iam.responses import AuditedIamResponse

url_bases = [r"https?://iam\.(.*\.)?amazonaws\.com"]
url_paths = {"{0}/$": AuditedIamResponse.dispatch}
