"""The inputs of the agent's plugins (user guide, "Command document plugin reference", and the agent's source)."""

from __future__ import annotations

from rehearsal.documents.shapes.inputs import Input, Shape

_ANY = Input("Any")
# Control flow of schema 2.2, which the agent reads from the inputs of a step and from nowhere else.
_FLOW = {
    "onFailure": Input(values=("exit", "successAndExit")),
    "onSuccess": Input(values=("exit",)),
    "finallyStep": Input("Boolean"),
}
# AWS's own documents write these two into inputs; the agent reads neither there.
_TOLERATED = {"maxAttempts": _ANY, "id": _ANY}


def _plugin(inputs: dict[str, Input], *needed: str) -> Shape:
    required = {name: Input(known.type, name in needed, known.values) for name, known in inputs.items()}
    return Shape({**required, **_FLOW, **_TOLERATED}, ignore_case=True)


_SCRIPT = _plugin(
    {
        "runCommand": Input("StringList"),
        "environment": Input("Map"),
        "workingDirectory": Input(),
        "timeoutSeconds": Input("Integer"),
    },
    "runCommand",
)

PLUGINS: dict[str, Shape] = {
    "aws:runShellScript": _SCRIPT,
    "aws:runPowerShellScript": _SCRIPT,
    "aws:runDocument": _plugin(
        {
            "documentType": Input(values=("SSMDocument", "LocalPath")),
            "documentPath": Input(),
            "documentParameters": _ANY,
        },
        "documentType",
        "documentPath",
    ),
    "aws:downloadContent": _plugin(
        {
            "sourceType": Input(values=("Git", "HTTP", "GitHub", "S3", "SSMDocument")),
            "sourceInfo": _ANY,
            "destinationPath": Input(),
        },
        "sourceType",
        "sourceInfo",
    ),
    "aws:configurePackage": _plugin(
        {
            "name": Input(),
            "action": Input(values=("Install", "Uninstall")),
            "version": Input(),
            "installationType": Input(),
            "additionalArguments": _ANY,
            "source": Input(),
            "repository": Input(),
        },
        "name",
        "action",
    ),
    "aws:updateSsmAgent": _plugin(
        {"agentName": Input(), "allowDowngrade": Input("Boolean"), "targetVersion": Input(), "source": Input()}
    ),
    "aws:updateAgent": _plugin(
        {"agentName": Input(), "allowDowngrade": Input("Boolean"), "targetVersion": Input(), "source": Input()}
    ),
    "aws:refreshAssociation": _plugin({"associationIds": _ANY}),
    "aws:softwareInventory": Shape({}, open_ended=True),
    "aws:runDockerAction": Shape({}, open_ended=True),
    "aws:configureDocker": _plugin({"action": Input(values=("Install", "Uninstall"))}, "action"),
    "aws:applications": Shape({}, open_ended=True),
    "aws:psModule": Shape({}, open_ended=True),
    "aws:cloudWatch": Shape({}, open_ended=True),
    "aws:domainJoin": _plugin(
        {
            "directoryId": Input(),
            "directoryName": Input(),
            "directoryOU": Input(),
            "dnsIpAddresses": _ANY,
            "hostName": Input(),
            "keepHostName": Input("Boolean"),
        },
        "directoryId",
        "directoryName",
    ),
}
