"""The SSM service on the wire: our operations before moto's."""

from __future__ import annotations

from moto.ssm.responses import SimpleSystemManagerResponse

from rehearsal.cloud.ssm.document_responses import DocumentResponses


class SsmResponse(DocumentResponses, SimpleSystemManagerResponse):  # type: ignore[misc,unused-ignore]
    """moto finds an operation's method by name; what no mixin defines is moto's."""
