"""The actions of Automation (user guide, "Automation actions reference") and the outputs that each has by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERNAL = frozenset({"aws:installDistributorPackageOnAzure"})
"""Actions of AWS's own documents that are on no page; whether others may use them is not known."""

ACTIONS: Mapping[str, frozenset[str]] = {
    "aws:approve": frozenset({"ApprovalStatus", "ApproverDecisions"}),
    "aws:assertAwsResourceProperty": frozenset(),
    "aws:branch": frozenset(),
    "aws:changeInstanceState": frozenset({"InstanceStates"}),
    "aws:copyImage": frozenset({"ImageId", "ImageState"}),
    "aws:createImage": frozenset({"ImageId", "ImageState"}),
    "aws:createStack": frozenset({"StackId", "StackStatus", "StackStatusReason"}),
    "aws:createTags": frozenset(),
    "aws:deleteImage": frozenset(),
    "aws:deleteStack": frozenset(),
    "aws:executeAutomation": frozenset({"Output", "ExecutionId", "Status"}),
    "aws:executeAwsApi": frozenset(),
    "aws:executeScript": frozenset({"Payload"}),
    "aws:executeStateMachine": frozenset(
        {"executionArn", "input", "name", "output", "startDate", "stateMachineArn", "status", "stopDate"}
    ),
    "aws:invokeLambdaFunction": frozenset({"StatusCode", "FunctionError", "LogResult", "Payload"}),
    "aws:invokeWebhook": frozenset({"Response", "ResponseCode"}),
    "aws:loop": frozenset({"CurrentIteratorValue", "CurrentIteration"}),
    "aws:pause": frozenset(),
    "aws:runCommand": frozenset({"CommandId", "Status", "ResponseCode", "Output"}),
    "aws:runInstances": frozenset({"InstanceIds", "InstanceStates"}),
    "aws:sleep": frozenset(),
    "aws:updateVariable": frozenset(),
    "aws:waitForAwsResourceProperty": frozenset(),
}
