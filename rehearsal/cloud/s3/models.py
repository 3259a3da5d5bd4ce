"""Buckets that leave their policies to the authorizer.

moto judges a bucket's policy by itself and ignores its conditions, so that the ordinary statement which denies whatever
comes without TLS denies everything. Our authorizer has judged the whole policy before the call gets here.
"""

from __future__ import annotations

from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, S3Backend


class AuthorizedBucket(FakeBucket):
    """A bucket of moto's that has no opinion on who may do what."""

    def get_permission(self, action: str, resource: str) -> PermissionResult:  # noqa: ARG002 - moto's signature
        return PermissionResult.NEUTRAL


class AuthorizedS3Backend(S3Backend):
    """moto constructs its buckets itself, so they are turned into ours afterwards."""

    def create_bucket(self, *args: Any, **options: Any) -> FakeBucket:
        bucket = super().create_bucket(*args, **options)
        bucket.__class__ = AuthorizedBucket  # type: ignore[type-abstract] # abstract to mypy alone: moto makes them
        return bucket
