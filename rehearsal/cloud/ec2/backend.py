"""moto's EC2 backend, with instances that wait for their machines and with addresses that a network can have."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, cast

from moto.ec2 import urls
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend

from rehearsal.cloud.ec2.images import offer_images
from rehearsal.cloud.ec2.instance import HostedInstance, IncorrectInstanceState

if TYPE_CHECKING:
    from types import ModuleType

    from moto.ec2.models.elastic_ip_addresses import ElasticAddress
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface
    from moto.ec2.models.instances import Instance, Reservation
    from moto.ec2.models.nat_gateways import NatGateway

    from rehearsal.cloud.inventory import HostState

PUBLIC_ADDRESSES = ipaddress.IPv4Network("203.0.113.0/24")  # TEST-NET-3 (RFC 5737): routed nowhere but in a rehearsal
STOPPED_ONLY = frozenset({"instance_type", "kernel", "user_data", "ebs_optimized"})


class HostedEc2Backend(EC2Backend):
    """EC2 whose instances are machines: see `rehearsal.cloud.inventory` for how these are run."""

    instant_hosts = True  # nobody runs machines: every transition completes at once

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        offer_images(self)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out who runs the machines: that is the running process's matter."""
        return {name: value for name, value in vars(self).items() if name != "instant_hosts"}

    @property
    def _url_module(self) -> ModuleType:
        return urls  # moto derives it from the module of the class

    def run_instances(
        self,
        image_id: str,
        count: int,
        user_data: Any,
        security_group_names: list[str],
        **kwargs: Any,
    ) -> Reservation:
        """Start instances: they are `pending` until their machines are reported running."""
        self._check_private_address(kwargs.get("subnet_id"), kwargs.get("private_ip"))
        for interface in kwargs.get("nics") or []:
            self._check_private_address(interface.get("SubnetId"), interface.get("PrivateIpAddress"))
        reservation = super().run_instances(image_id, count, user_data, security_group_names, **kwargs)
        for instance in reservation.instances:
            instance.__class__ = HostedInstance  # type: ignore[type-abstract]  # moto marks optional methods abstract
            _delete_own_interfaces_with(instance, kwargs.get("nics") or [])
            cast("HostedInstance", instance).begin_boot()
        return reservation

    def report_host(self, instance_id: str, state: HostState, detail: str) -> None:
        """Pass on what the machine of an instance is; an instance that EC2 does not know is ignored."""
        instance = self.get_instance_by_id(instance_id)
        if isinstance(instance, HostedInstance):
            instance.report(state, detail)

    def modify_instance_attribute(self, instance_id: str, key: str, value: Any) -> Instance:
        """Change an attribute; some can be changed only while the instance is stopped, as in EC2."""
        instance = self.get_instance(instance_id)
        if key in STOPPED_ONLY and instance.state != "stopped":
            raise IncorrectInstanceState(instance_id, "modified")
        return super().modify_instance_attribute(instance_id, key, value)

    def create_network_interface(self, subnet: Any, private_ip_address: Any, *args: Any, **kwargs: Any) -> Any:
        """Create an interface; without an address it gets a free one of its subnet, where moto rolls dice."""
        if not private_ip_address and not args and not kwargs.get("private_ip_addresses"):
            where = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
            private_ip_address = self._free_address(where)
        return super().create_network_interface(subnet, private_ip_address, *args, **kwargs)

    def create_nat_gateway(self, subnet_id: str, *args: Any, **kwargs: Any) -> NatGateway:
        """Create a NAT gateway with an address of its subnet, where moto takes any of 10.0.0.0/8."""
        gateway = super().create_nat_gateway(subnet_id, *args, **kwargs)
        gateway.connectivity_type = gateway.connectivity_type or "public"
        address = self._free_address(self.get_subnet(subnet_id))
        interface: NetworkInterface = gateway._eni  # noqa: SLF001 - moto has no other way to it
        interface.private_ip_address = gateway.private_ip = address
        interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
        for known in gateway.address_set:
            known["privateIp"] = address
        return gateway

    def delete_nat_gateway(self, nat_gateway_id: str) -> NatGateway:
        """Delete a NAT gateway and free its Elastic IP, which moto leaves associated."""
        if nat_gateway_id not in self.nat_gateways:
            raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
        gateway = super().delete_nat_gateway(nat_gateway_id)
        interface = gateway._eni  # noqa: SLF001 - as above
        for address in self.addresses:
            if address.eni is interface:
                self.disassociate_address(address=address.public_ip)
        if interface.id in self.enis:
            interface.delete()
        return gateway

    def _taken(self, subnet: Any) -> set[str]:
        taken = {entry["PrivateIpAddress"] for eni in list(self.enis.values()) for entry in eni.private_ip_addresses}
        return taken | set(subnet._subnet_ips)  # noqa: SLF001 - moto keeps instances' addresses there

    def _free_address(self, subnet: Any) -> str:
        taken = self._taken(subnet)
        usable = list(subnet.cidr.hosts())[3:]  # EC2 reserves the network's first four addresses and the last
        for address in map(str, usable):
            if address not in taken:
                subnet.request_ip(address, None)
                return address
        raise EC2ClientError(
            "InsufficientFreeAddressesInSubnet",
            f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of"
            " instances.",
        )

    def _check_private_address(self, subnet_id: str | None, address: str | None) -> None:
        if not address or not subnet_id:
            return
        subnet = self.get_subnet(subnet_id)
        reserved = {str(subnet.cidr[index]) for index in (0, 1, 2, 3, -1)}
        if ipaddress.ip_address(address) not in subnet.cidr:
            raise EC2ClientError(
                "InvalidParameterValue", f"Address {address} does not fall within the subnet's address range"
            )
        if address in reserved:
            raise EC2ClientError("InvalidParameterValue", f"Address {address} is in subnet's reserved address range")
        if address in self._taken(subnet):
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {address} is in use.")

    def allocate_address(
        self,
        domain: str,  # noqa: ARG002 - "standard" is of EC2-Classic, which is no more
        address: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> ElasticAddress:
        """Allocate an Elastic IP of 203.0.113.0/24."""
        return super().allocate_address("vpc", address or self._free_public_address(), tags)

    def assign_public_address(self, instance: HostedInstance) -> None:
        """Give an instance the public address that its subnet or its launch asks for, unless it has an Elastic IP."""
        for interface in instance.nics.values():
            elastic = next((eip for eip in self.addresses if eip.eni is interface), None)
            if elastic:
                interface.public_ip = elastic.public_ip
            elif str(interface.public_ip_auto_assign).lower() == "true":
                interface.public_ip = None
                interface.public_ip = self._free_public_address()

    def release_addresses(self, instance: HostedInstance) -> None:
        """Free the addresses of an instance that ends; its Elastic IPs stay allocated, as in EC2."""
        for eip in self.addresses:
            if eip.instance is instance or eip.eni in instance.nics.values():
                self.disassociate_address(address=eip.public_ip)
        for interface in instance.nics.values():
            for entry in interface.private_ip_addresses:
                interface.subnet.del_subnet_ip(entry["PrivateIpAddress"])

    def _free_public_address(self) -> str:
        taken = {eip.public_ip for eip in self.addresses}
        taken |= {eni.public_ip for eni in list(self.enis.values()) if eni.public_ip}
        for address in map(str, PUBLIC_ADDRESSES.hosts()):
            if address not in taken:
                return address
        raise EC2ClientError("AddressLimitExceeded", "The maximum number of addresses has been reached.")


def _delete_own_interfaces_with(instance: Instance, requested: list[dict[str, Any]]) -> None:
    """Let interfaces that were made for an instance end with it: EC2's default, which moto has the other way round."""
    for request in requested or [{}]:
        interface = instance.nics.get(int(request.get("DeviceIndex") or 0))
        if interface and "NetworkInterfaceId" not in request and "DeleteOnTermination" not in request:
            interface.delete_on_termination = True
