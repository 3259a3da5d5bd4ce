"""Where Fault Injection Service is served: moto looks for this module beside the backend's."""

from __future__ import annotations

from moto.fis.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
