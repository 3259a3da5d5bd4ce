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
        "CreateActivation",
        "DescribeActivations",
        "DeleteActivation",
        "DeregisterManagedInstance",
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
UNSIGNED_OPERATIONS = frozenset(
    {"RegisterManagedInstance", "RequestManagedInstanceRoleToken", "UpdateManagedInstancePublicKey"}
)
"""What a hybrid node calls before it has credentials: its activation or its registration decides, not IAM."""
OPERATIONS = DOCUMENTS | COMMANDS | ASSOCIATIONS | AUTOMATION
