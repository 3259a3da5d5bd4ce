"""EC2 as hosts see it: lifecycle, addresses, egress, security groups."""

from __future__ import annotations

import ipaddress
import threading
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.ec2 import ec2_backends

from rehearsal.cloud.ec2.backend import HostedEc2Backend
from rehearsal.cloud.inventory import Ec2Inventory, Egress, HostSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT, REGION = "123456789012", "eu-central-1"


class Network:
    """A VPC with a public subnet behind an internet gateway and a private one behind a NAT gateway."""

    def __init__(self, ec2: Any) -> None:
        self.ec2 = ec2
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.public = self._subnet("10.0.1.0/24")
        self.private = self._subnet("10.0.2.0/24")
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self._route(self.public, GatewayId=self.gateway)

    def _subnet(self, cidr: str) -> str:
        return str(self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr)["Subnet"]["SubnetId"])

    def _route(self, subnet: str, **target: str) -> None:
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)

    def add_nat(self) -> tuple[str, str]:
        address = self.ec2.allocate_address(Domain="vpc")
        made = self.ec2.create_nat_gateway(SubnetId=self.public, AllocationId=address["AllocationId"])
        gateway = made["NatGateway"]["NatGatewayId"]
        self._route(self.private, NatGatewayId=gateway)
        return gateway, address["PublicIp"]

    def group(self, name: str) -> str:
        return str(self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"])

    def run(self, subnet: str, **more: Any) -> str:
        made = self.ec2.run_instances(
            ImageId="ami-12c6146b", InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet, **more
        )
        return str(made["Instances"][0]["InstanceId"])


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(ec2_backends, "backend", HostedEc2Backend)
    with mock_aws():
        yield boto3.client("ec2", REGION, aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="x")


@pytest.fixture
def inventory(ec2: Any) -> Ec2Inventory:  # noqa: ARG001 - the backend exists within the mock only
    backend = ec2_backends[ACCOUNT][REGION]
    assert isinstance(backend, HostedEc2Backend)
    return Ec2Inventory(backend)


def state(ec2: Any, instance_id: str) -> str:
    found = ec2.describe_instances(InstanceIds=[instance_id])
    return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])


def host(inventory: Ec2Inventory, instance_id: str) -> HostSpec:
    return next(each for each in inventory.snapshot().hosts if each.instance_id == instance_id)


def test_an_instance_waits_for_its_machine_in_every_transition(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    instance = network.run(network.public)
    assert state(ec2, instance) == "pending"
    inventory.report(instance, "stopped")
    assert state(ec2, instance) == "pending"
    inventory.report(instance, "running")
    assert state(ec2, instance) == "running"
    ec2.stop_instances(InstanceIds=[instance])
    assert state(ec2, instance) == "stopping"
    inventory.report(instance, "stopped")
    assert state(ec2, instance) == "stopped"
    ec2.start_instances(InstanceIds=[instance])
    assert host(inventory, instance).state == "pending"
    inventory.report(instance, "running")
    ec2.terminate_instances(InstanceIds=[instance])
    assert state(ec2, instance) == "shutting-down"
    inventory.report(instance, "terminated")
    assert state(ec2, instance) == "terminated"


def test_a_stopping_instance_cannot_be_started(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    instance = network.run(network.public)
    inventory.report(instance, "running")
    ec2.stop_instances(InstanceIds=[instance])
    with pytest.raises(ClientError) as refused:
        ec2.start_instances(InstanceIds=[instance])
    assert refused.value.response["Error"]["Code"] == "IncorrectInstanceState"
    assert instance in refused.value.response["Error"]["Message"]


def test_reboot_raises_the_boot_counter_and_status_checks_initialize(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    instance = network.run(network.public)

    def status() -> str:
        found = ec2.describe_instance_status(InstanceIds=[instance], IncludeAllInstances=True)
        return str(found["InstanceStatuses"][0]["InstanceStatus"]["Status"])

    assert status() == "not-applicable"
    inventory.report(instance, "running")
    assert (host(inventory, instance).boot, status()) == (0, "ok")
    ec2.reboot_instances(InstanceIds=[instance])
    assert (host(inventory, instance).boot, status(), state(ec2, instance)) == (1, "initializing", "running")
    inventory.report(instance, "impaired", "systemd did not come up")
    assert status() == "impaired"
    inventory.report(instance, "running")
    assert status() == "ok"


def test_a_machine_that_shuts_itself_down_stops_its_instance(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    instance = network.run(network.public)
    inventory.report(instance, "running")
    inventory.report(instance, "stopped")
    found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert found["State"]["Name"] == "stopped"
    assert found["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"


def test_a_machine_that_never_came_up_ends_its_instance_with_the_reason(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    instance = network.run(network.public)
    inventory.report(instance, "terminated", "no such image")
    found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert found["State"]["Name"] == "terminated"
    assert found["StateReason"]["Message"] == "Server.InternalError: no such image"


def test_without_machines_instances_complete_at_once(ec2: Any) -> None:
    backend = ec2_backends[ACCOUNT][REGION]
    assert isinstance(backend, HostedEc2Backend)
    Ec2Inventory(backend, instant=True)
    network = Network(ec2)
    instance = network.run(network.public)
    assert state(ec2, instance) == "running"
    ec2.stop_instances(InstanceIds=[instance])
    assert state(ec2, instance) == "stopped"
    ec2.terminate_instances(InstanceIds=[instance])
    assert state(ec2, instance) == "terminated"


def test_private_addresses_are_of_the_subnet_unique_and_not_reserved(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    network.add_nat()
    for _ in range(5):
        network.run(network.public)
    ec2.create_network_interface(SubnetId=network.public)
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    addresses = [each["PrivateIpAddress"] for each in interfaces if each["SubnetId"] == network.public]
    assert len(addresses) == len(set(addresses)) == 7
    subnet = ipaddress.ip_network("10.0.1.0/24")
    assert all(ipaddress.ip_address(address) in list(subnet.hosts())[3:] for address in addresses)
    assert {each.private_ip for each in inventory.snapshot().hosts} <= set(addresses)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.0.9.9", "InvalidParameterValue"),
        ("10.0.1.2", "InvalidParameterValue"),
        ("10.0.1.50", "InvalidIPAddress.InUse"),
    ],
)
def test_an_address_that_cannot_be_had_is_refused(ec2: Any, inventory: Ec2Inventory, address: str, code: str) -> None:
    network = Network(ec2)
    network.run(network.public, PrivateIpAddress="10.0.1.50")
    with pytest.raises(ClientError) as refused:
        network.run(network.public, PrivateIpAddress=address)
    assert refused.value.response["Error"]["Code"] == code
    assert len(inventory.snapshot().hosts) == 1


def test_a_terminated_instance_frees_its_addresses(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    instance = network.run(network.public, PrivateIpAddress="10.0.1.50")
    elastic = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=instance)
    inventory.report(instance, "running")
    ec2.terminate_instances(InstanceIds=[instance])
    inventory.report(instance, "terminated")
    assert "InstanceId" not in {key for key, value in ec2.describe_addresses()["Addresses"][0].items() if value}
    again = network.run(network.public, PrivateIpAddress="10.0.1.50")
    assert host(inventory, again).public_ip is None


def test_egress_follows_routes_gateways_and_addresses(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    public, private = network.run(network.public), network.run(network.private)
    assert host(inventory, public).egress is Egress.NONE  # a route to the gateway, but no public address
    elastic = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=public)
    assert ipaddress.ip_address(elastic["PublicIp"]) in ipaddress.ip_network("203.0.113.0/24")
    assert host(inventory, public).egress is Egress.PUBLIC
    assert host(inventory, public).public_ip == host(inventory, public).egress_ip == elastic["PublicIp"]
    assert host(inventory, private).egress is Egress.NONE
    gateway, nat_address = network.add_nat()
    assert (host(inventory, private).egress, host(inventory, private).egress_ip) == (Egress.NAT, nat_address)
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert host(inventory, private).egress is Egress.NONE
    ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    assert host(inventory, public).egress is Egress.NONE


def test_group_references_are_resolved_to_their_members(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    web, database = network.group("web"), network.group("database")
    ec2.authorize_security_group_ingress(
        GroupId=database,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "UserIdGroupPairs": [{"GroupId": web}]},
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "198.51.100.0/24"}]},
        ],
    )
    db_host = network.run(network.private, SecurityGroupIds=[database])

    def ingress() -> dict[int | None, tuple[str, ...]]:
        return {r.from_port: r.cidrs for r in host(inventory, db_host).rules if r.direction == "ingress"}

    assert ingress() == {22: ("198.51.100.0/24",)}
    web_host = network.run(network.public, SecurityGroupIds=[web])
    assert ingress()[3306] == (f"{host(inventory, web_host).private_ip}/32",)
    everything = [r for r in host(inventory, db_host).rules if r.direction == "egress"]
    assert [(r.protocol, r.from_port, r.cidrs) for r in everything] == [("-1", None, ("0.0.0.0/0",))]


def test_attached_volumes_are_listed_without_the_root(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    instance = network.run(network.private)
    assert host(inventory, instance).volumes == ()
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=7)["VolumeId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    (attached,) = host(inventory, instance).volumes
    assert (attached.volume_id, attached.device, attached.size_gib) == (volume, "/dev/sdf", 7)


def test_the_version_rises_on_change_only_and_wakes_who_waits(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    first = inventory.snapshot()
    assert inventory.snapshot() is first
    assert inventory.wait(first.version, 0.01) is first
    woken: list[int] = []
    waiter = threading.Thread(target=lambda: woken.append(inventory.wait(first.version, 30).version))
    waiter.start()
    network.run(network.public)
    inventory.touch()
    waiter.join(30)
    assert woken == [first.version + 1]


def test_only_vpcs_in_use_need_a_network(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    assert [(vpc.vpc_id, vpc.cidr) for vpc in inventory.snapshot().vpcs] == [(network.vpc, "10.0.0.0/16")]
    ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    assert {vpc.cidr for vpc in inventory.snapshot().vpcs} == {"10.0.0.0/16", "172.31.0.0/16"}


def test_an_instance_type_changes_only_while_stopped(ec2: Any, inventory: Ec2Inventory) -> None:
    network = Network(ec2)
    instance = network.run(network.public)
    inventory.report(instance, "running")
    with pytest.raises(ClientError, match="IncorrectInstanceState"):
        ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "t3.large"})
    ec2.stop_instances(InstanceIds=[instance])
    inventory.report(instance, "stopped")
    ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "t3.large"})
    assert host(inventory, instance).instance_type == "t3.large"
