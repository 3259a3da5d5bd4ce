"""Gathers what the troubleshooting runbooks decide by, from both hosts and from the network's settings. Only reads.

InputPayload: Stack (outputs of findStack), Commands (the two documents that hosts run), Hashes.
Returns Facts: {"web": {...}, "database": {...}, "network": {...}, "domain": text}. A host that cannot be asked has one
fact, `unreachable`, that says why; so does each part that an error kept from being read.
"""

import json
import time

import boto3
from botocore.exceptions import ClientError

WAIT_SECONDS = 90
DONE = {"Success", "Failed", "TimedOut", "Cancelled", "Undeliverable", "Terminated"}


def ask(ssm, instance, document, parameters):
    """Run one document on one host and read the last line of its output that is a JSON object."""
    try:
        sent = ssm.send_command(
            InstanceIds=[instance],
            DocumentName=document,
            TimeoutSeconds=60,
            Parameters={name: [value] for name, value in parameters.items()},
        )
    except ClientError as error:
        return {"unreachable": error.response["Error"]["Message"][:200]}
    identifier = sent["Command"]["CommandId"]
    deadline = time.monotonic() + WAIT_SECONDS
    answer = {"Status": "Pending", "StandardOutputContent": ""}
    while time.monotonic() < deadline and answer["Status"] not in DONE:
        time.sleep(0.5)
        try:
            answer = ssm.get_command_invocation(CommandId=identifier, InstanceId=instance)
        except ssm.exceptions.InvocationDoesNotExist:
            continue
    for line in reversed(answer["StandardOutputContent"].splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    error = answer.get("StandardErrorContent", "").strip()[-200:]
    return {"unreachable": f"the command ended as {answer['Status']}: {error}"}


def online(ssm, instances):
    filters = [{"Key": "InstanceIds", "Values": instances}]
    found = ssm.describe_instance_information(Filters=filters)["InstanceInformationList"]
    return {entry["InstanceId"]: entry["PingStatus"] for entry in found}


def ports(groups, identifiers):
    """List the ports that some ingress rule of these groups opens, with from where."""
    opened = {}
    for group in groups:
        if group["GroupId"] not in identifiers:
            continue
        for rule in group["IpPermissions"]:
            sources = [entry["CidrIp"] for entry in rule.get("IpRanges", [])]
            sources += [entry["GroupId"] for entry in rule.get("UserIdGroupPairs", [])]
            for port in (80, 443, 3306):
                every = rule["IpProtocol"] == "-1"
                if sources and (every or rule.get("FromPort", -1) <= port <= rule.get("ToPort", -1)):
                    opened.setdefault(str(port), []).extend(sources)
    return opened


def network(stack):
    ec2 = boto3.client("ec2")
    of_vpc = [{"Name": "vpc-id", "Values": [stack["VpcId"]]}]
    tables = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
    groups = ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]
    gateways = ec2.describe_nat_gateways(Filters=of_vpc)["NatGateways"]
    identifiers = [stack["WebInstanceId"], stack["DatabaseInstanceId"]]
    reservations = ec2.describe_instances(InstanceIds=identifiers)["Reservations"]
    instances = {entry["InstanceId"]: entry for item in reservations for entry in item["Instances"]}
    web, database = (instances[identifier] for identifier in identifiers)

    def default_route(subnet):
        for table in tables:
            if any(entry.get("SubnetId") == subnet for entry in table["Associations"]):
                routes = [route for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
                targets = [route.get("NatGatewayId") or route.get("GatewayId") or "" for route in routes]
                return targets[0] if targets else ""
        return ""

    return {
        "web_state": web["State"]["Name"],
        "database_state": database["State"]["Name"],
        "public_ip": web.get("PublicIpAddress", ""),
        "web_route": default_route(web.get("SubnetId", "")),
        "database_route": default_route(database.get("SubnetId", "")),
        "nat": {gateway["NatGatewayId"]: gateway["State"] for gateway in gateways},
        "web_ports": ports(groups, [group["GroupId"] for group in web.get("SecurityGroups", [])]),
        "database_ports": ports(groups, [group["GroupId"] for group in database.get("SecurityGroups", [])]),
        "web_groups": [group["GroupId"] for group in web.get("SecurityGroups", [])],
    }


def gather(events, _context):
    stack = events["Stack"]
    ssm = boto3.client("ssm")
    facts = {"domain": stack["DomainName"], "address": stack["PublicInstancePublicIp"], "network": network(stack)}
    pings = online(ssm, [stack["WebInstanceId"], stack["DatabaseInstanceId"]])
    parameters = {
        "web": {
            "DomainName": stack["DomainName"],
            "DatabaseHost": stack["PrivateInstancePrivateIp"],
            "AcmeDirectoryUrl": stack["Parameters"]["AcmeDirectoryUrl"],
        },
        "database": {"DatabaseHost": stack["PrivateInstancePrivateIp"]},
    }
    hosts = {"web": stack["WebInstanceId"], "database": stack["DatabaseInstanceId"]}
    for (role, instance), document in zip(hosts.items(), events["Commands"], strict=True):
        if pings.get(instance) == "Online":
            facts[role] = ask(ssm, instance, document, parameters[role])
        else:
            facts[role] = {"unreachable": "the SSM agent is not online"}
    return {"Facts": facts}
