"""The SSM operations that are ours, so that their input is checked against the model before they run."""

from __future__ import annotations

DOCUMENTS = frozenset(
    {
        "CreateDocument",
        "UpdateDocument",
        "UpdateDocumentDefaultVersion",
        "DescribeDocument",
        "GetDocument",
        "ListDocuments",
        "ListDocumentVersions",
        "DeleteDocument",
        "DescribeDocumentPermission",
        "ModifyDocumentPermission",
    }
)
COMMANDS = frozenset(
    {
        "SendCommand",
        "CancelCommand",
        "ListCommands",
        "ListCommandInvocations",
        "GetCommandInvocation",
        "DescribeInstanceInformation",
    }
)
ASSOCIATIONS = frozenset(
    {
        "CreateAssociation",
        "UpdateAssociation",
        "DescribeAssociation",
        "ListAssociations",
        "ListAssociationVersions",
        "DeleteAssociation",
        "StartAssociationsOnce",
        "DescribeAssociationExecutions",
        "DescribeAssociationExecutionTargets",
    }
)
AUTOMATION = frozenset(
    {
        "StartAutomationExecution",
        "GetAutomationExecution",
        "DescribeAutomationExecutions",
        "DescribeAutomationStepExecutions",
        "StopAutomationExecution",
        "SendAutomationSignal",
        "StartExecutionPreview",
        "GetExecutionPreview",
    }
)
AGENT_OPERATIONS = frozenset(
    {
        "UpdateInstanceInformation",
        "ListInstanceAssociations",
        "UpdateInstanceAssociationStatus",
        "RegisterManagedInstance",
        "RequestManagedInstanceRoleToken",
        "UpdateManagedInstancePublicKey",
    }
)
"""What agents call and no SDK's model describes."""
OPERATIONS = DOCUMENTS | COMMANDS | ASSOCIATIONS | AUTOMATION
