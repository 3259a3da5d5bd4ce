"""The SSM service on the wire: our operations before moto's."""

from __future__ import annotations

from moto.ssm.responses import SimpleSystemManagerResponse

from rehearsal.cloud.ssm.agent_responses import AgentResponses
from rehearsal.cloud.ssm.association_responses import AssociationResponses
from rehearsal.cloud.ssm.automation import AutomationResponses
from rehearsal.cloud.ssm.command_responses import CommandResponses
from rehearsal.cloud.ssm.document_responses import DocumentResponses


class SsmResponse(
    DocumentResponses,
    CommandResponses,
    AssociationResponses,
    AutomationResponses,
    AgentResponses,
    SimpleSystemManagerResponse,
):
    """moto finds an operation's method by name; what no mixin defines is moto's."""
