"""Updates one parameter of the stack and nothing else, so that the template still says what there is.

InputPayload: StackName, ParameterKey, ParameterValue. Returns Started: false when the stack has that value already.
"""

import boto3
from botocore.exceptions import ClientError


def update(events, _context):
    client = boto3.client("cloudformation")
    name, key = events["StackName"], events["ParameterKey"]
    parameters = client.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
    changed = [
        {"ParameterKey": key, "ParameterValue": events["ParameterValue"]}
        if entry["ParameterKey"] == key
        else {"ParameterKey": entry["ParameterKey"], "UsePreviousValue": True}
        for entry in parameters
    ]
    try:
        client.update_stack(
            StackName=name, UsePreviousTemplate=True, Parameters=changed, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
    except ClientError as error:
        if "No updates are to be performed" in error.response["Error"]["Message"]:
            return {"Started": False}
        raise
    return {"Started": True}
