"""Where moto finds the response class of a backend: it looks for `urls` beside the backend's `models`."""

from __future__ import annotations

from moto.awslambda.urls import url_bases
from moto.awslambda.urls import url_paths as moto_paths

from rehearsal.cloud.functions.responses import FunctionResponse

url_paths = dict.fromkeys(moto_paths, FunctionResponse.dispatch)

__all__ = ["url_bases", "url_paths"]
