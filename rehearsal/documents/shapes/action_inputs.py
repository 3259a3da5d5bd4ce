"""The inputs of each Automation action (user guide, "Automation actions reference", one page an action)."""

from __future__ import annotations

from rehearsal.documents.shapes.inputs import Input, Shape

_CONCURRENCY = r"[1-9][0-9]*|[1-9][0-9]?%|100%"
_ERRORS = r"0|[1-9][0-9]*|[0-9]%|[1-9][0-9]%|100%"
_DURATION = r"P(?!\Z)(\d+D)?(T(?!\Z)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?"
_NEEDED = Input(required=True)
_TEXT = Input()
_LIST = Input("StringList")
_FLAG = Input("Boolean")
_MAPS = Input("MapList")

RESOURCE_QUERY = Shape(
    {
        "Service": _NEEDED,
        "Api": _NEEDED,
        "PropertySelector": _NEEDED,
        "DesiredValues": Input("List", required=True),
    },
    open_ended=True,
)

ACTION_INPUTS: dict[str, Shape] = {
    "aws:approve": Shape(
        {
            "NotificationArn": _TEXT,
            "Message": Input(longest=4096),
            "MinRequiredApprovals": Input("Integer", low=1, high=10),
            "Approvers": Input("StringList", required=True, longest=10),
            "EnhancedApprovals": Input("Map"),
        }
    ),
    "aws:assertAwsResourceProperty": RESOURCE_QUERY,
    "aws:branch": Shape({"Choices": Input("MapList", required=True), "Default": _TEXT}),
    "aws:changeInstanceState": Shape(
        {
            "InstanceIds": Input("StringList", required=True),
            "DesiredState": Input(required=True, values=("running", "stopped", "terminated")),
            "CheckStateOnly": _FLAG,
            "Force": _FLAG,
            "FailOnUnexpectedStopped": _FLAG,
            "AdditionalInfo": _TEXT,
        }
    ),
    "aws:copyImage": Shape(
        {
            "SourceRegion": _NEEDED,
            "SourceImageId": _NEEDED,
            "ImageName": _NEEDED,
            "ImageDescription": _TEXT,
            "Encrypted": _FLAG,
            "KmsKeyId": _TEXT,
            "ClientToken": _TEXT,
        }
    ),
    "aws:createImage": Shape(
        {
            "InstanceId": _NEEDED,
            "ImageName": _NEEDED,
            "ImageDescription": _TEXT,
            "NoReboot": _FLAG,
            "BlockDeviceMappings": _MAPS,
        }
    ),
    "aws:createStack": Shape(
        {
            "StackName": _NEEDED,
            "TemplateBody": Input("Any"),
            "TemplateURL": _TEXT,
            "Parameters": _MAPS,
            "Capabilities": _LIST,
            "ClientRequestToken": _TEXT,
            "DisableRollback": _FLAG,
            "OnFailure": Input(values=("DO_NOTHING", "ROLLBACK", "DELETE")),
            "NotificationARNs": Input("StringList", longest=5),
            "ResourceTypes": _LIST,
            "RoleARN": _TEXT,
            "StackPolicyBody": Input("Any"),
            "StackPolicyURL": _TEXT,
            "Tags": _MAPS,
            "TimeoutInMinutes": Input("Integer", low=1),
        },
        one_of=(("TemplateBody", "TemplateURL"),),
        never_both=(("DisableRollback", "OnFailure"), ("StackPolicyBody", "StackPolicyURL")),
    ),
    "aws:createTags": Shape(
        {
            "ResourceIds": Input("StringList", required=True),
            "Tags": Input("MapList", required=True),
            "ResourceType": Input(values=("EC2", "ManagedInstance", "MaintenanceWindow", "Parameter")),
        }
    ),
    "aws:deleteImage": Shape({"ImageId": _NEEDED}),
    "aws:deleteStack": Shape(
        {
            "StackName": _NEEDED,
            "ClientRequestToken": _TEXT,
            "RetainResources": _LIST,
            "RetainResources.member.N": Input("Any"),
            "RoleARN": _TEXT,
        }
    ),
    "aws:executeAutomation": Shape(
        {
            "DocumentName": _NEEDED,
            "DocumentVersion": Input("Name", pattern=r"\$DEFAULT|\$LATEST|[1-9][0-9]*"),
            "RuntimeParameters": Input("Map"),
            "Tags": Input("MapList", longest=5),
            "MaxConcurrency": Input("Name", pattern=_CONCURRENCY),
            "MaxErrors": Input("Name", pattern=_ERRORS),
            "Targets": _MAPS,
            "TargetParameterName": _TEXT,
            "TargetMaps": _MAPS,
            "TargetLocations": Input("MapList", longest=100),
            "TargetLocationsURL": _TEXT,
        },
        never_both=(("Targets", "TargetMaps"),),
    ),
    "aws:executeAwsApi": Shape({"Service": _NEEDED, "Api": _NEEDED}, open_ended=True),
    "aws:executeScript": Shape(
        {
            "Runtime": _NEEDED,
            "Handler": _TEXT,
            "InputPayload": Input("Map"),
            "Script": _TEXT,
            "Attachment": _TEXT,
        },
        any_of=(("Script", "Attachment"),),
    ),
    "aws:executeStateMachine": Shape({"stateMachineArn": _NEEDED, "name": _TEXT, "input": Input("Any")}),
    "aws:invokeLambdaFunction": Shape(
        {
            "FunctionName": _NEEDED,
            "Qualifier": _TEXT,
            "InvocationType": Input(values=("RequestResponse", "Event", "DryRun")),
            "LogType": Input(values=("None", "Tail")),
            "ClientContext": _TEXT,
            "InputPayload": Input("Map"),
            "Payload": Input("Any"),
        }
    ),
    "aws:invokeWebhook": Shape({"IntegrationName": _NEEDED, "Body": Input("Any")}),
    "aws:loop": Shape(
        {
            "Iterators": Input("Any"),
            "IteratorDataType": Input(values=("String", "Boolean", "Integer", "StringMap")),
            "LoopCondition": Input("Map"),
            "MaxIterations": Input("Integer", low=1, high=100),
            "Steps": Input("MapList", required=True),
        },
        one_of=(("Iterators", "LoopCondition"),),
    ),
    # Message is on no page, and AWS's own documents give it.
    "aws:pause": Shape({"Message": _TEXT}),
    "aws:runCommand": Shape(
        {
            "DocumentName": _NEEDED,
            "DocumentVersion": Input("Name", pattern=r"\$DEFAULT|\$LATEST|[1-9][0-9]*"),
            "InstanceIds": Input("StringList", longest=50),
            "Targets": Input("MapList", longest=5),
            "Parameters": Input("Map"),
            "CloudWatchOutputConfig": Input("Map"),
            "Comment": Input(longest=100),
            "DocumentHash": _TEXT,
            "DocumentHashType": Input(values=("Sha256", "Sha1")),
            "MaxConcurrency": Input("Name", pattern=_CONCURRENCY),
            "MaxErrors": Input("Name", pattern=_ERRORS),
            "NotificationConfig": Input("Map"),
            "OutputS3BucketName": _TEXT,
            "OutputS3KeyPrefix": _TEXT,
            "OutputS3Region": _TEXT,
            "ServiceRoleArn": _TEXT,
            "TimeoutSeconds": Input("Integer", low=30, high=2_592_000),
            "AlarmConfiguration": Input("Map"),
        },
        any_of=(("InstanceIds", "Targets"),),
    ),
    "aws:runInstances": Shape(
        {
            "ImageId": _NEEDED,
            "InstanceType": _TEXT,
            "MinInstanceCount": Input("Integer", low=1),
            "MaxInstanceCount": Input("Integer", low=1),
            "AdditionalInfo": _TEXT,
            "BlockDeviceMappings": _MAPS,
            "ClientToken": _TEXT,
            "DisableApiTermination": _FLAG,
            "EbsOptimized": _FLAG,
            "IamInstanceProfileArn": _TEXT,
            "IamInstanceProfileName": _TEXT,
            "InstanceInitiatedShutdownBehavior": Input(values=("stop", "terminate")),
            "KernelId": _TEXT,
            "KeyName": _TEXT,
            "MetadataOptions": Input("Map"),
            "Monitoring": Input("Any"),
            "NetworkInterfaces": _MAPS,
            "Placement": Input("Map"),
            "PrivateIpAddress": _TEXT,
            "RamdiskId": _TEXT,
            "SecurityGroupIds": _LIST,
            "SecurityGroups": _LIST,
            "SubnetId": _TEXT,
            "TagSpecifications": _MAPS,
            "UserData": _TEXT,
        },
        never_both=(("IamInstanceProfileArn", "IamInstanceProfileName"),),
    ),
    "aws:sleep": Shape(
        {
            "Duration": Input(pattern=_DURATION),
            "Timestamp": Input(pattern=r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:?\d\d)?"),
        },
        one_of=(("Duration", "Timestamp"),),
    ),
    "aws:updateVariable": Shape(
        {"Name": Input(required=True, pattern=r"variable:\w+"), "Value": Input("Any", required=True)}
    ),
    "aws:waitForAwsResourceProperty": RESOURCE_QUERY,
}
