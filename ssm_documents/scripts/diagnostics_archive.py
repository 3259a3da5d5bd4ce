"""Makes one archive of what the hosts sent, with the network's settings beside it.

InputPayload: Bucket, Prefix, VpcId. Returns Key and Files (text).
"""

import io
import json
import tarfile

import boto3

HOSTS = ("web", "database")


def network(vpc):
    client = boto3.client("ec2")
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    return {
        "RouteTables": client.describe_route_tables(Filters=of_vpc)["RouteTables"],
        "SecurityGroups": client.describe_security_groups(Filters=of_vpc)["SecurityGroups"],
        "Subnets": client.describe_subnets(Filters=of_vpc)["Subnets"],
        "NatGateways": client.describe_nat_gateways(Filters=of_vpc)["NatGateways"],
    }


def add(archive, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def archive(events, _context):
    client = boto3.client("s3")
    bucket, prefix = events["Bucket"], events["Prefix"]
    buffer = io.BytesIO()
    names = []
    with tarfile.open(fileobj=buffer, mode="w:gz") as whole:
        add(whole, "network.json", json.dumps(network(events["VpcId"]), default=str, indent=2).encode())
        for host in HOSTS:
            part = f"{prefix}/{host}.tar.gz"
            body = client.get_object(Bucket=bucket, Key=part)["Body"].read()
            with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as of_host:
                for member in of_host.getmembers():
                    if member.isfile():
                        name = f"{host}/{member.name.rpartition('/')[2]}"
                        add(whole, name, of_host.extractfile(member).read())
                        names.append(name)
            client.delete_object(Bucket=bucket, Key=part)
    key = f"{prefix}/diagnostics.tar.gz"
    client.put_object(Bucket=bucket, Key=key, Body=buffer.getvalue())
    return {"Key": key, "Files": " ".join(sorted(names))}
