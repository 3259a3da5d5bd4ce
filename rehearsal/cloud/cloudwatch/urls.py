"""Where moto finds the response class of a backend: it looks for `urls` beside the backend's `models`."""

from __future__ import annotations

from moto.cloudwatch.urls import url_bases
from moto.cloudwatch.urls import url_paths as moto_paths

from rehearsal.cloud.cloudwatch.responses import AlarmResponse

url_paths = dict.fromkeys(moto_paths, AlarmResponse.dispatch)

__all__ = ["url_bases", "url_paths"]
