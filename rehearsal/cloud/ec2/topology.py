"""Reads moto's EC2 backend as machines and networks: routes become egress, security groups become addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from rehearsal.cloud.inventory import Egress, HostSpec, SecurityRule, Volume, Vpc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from moto.ec2.models import EC2Backend
    from moto.ec2.models.instances import Instance

    from rehearsal.cloud.inventory import InstanceState

ANYWHERE = "0.0.0.0/0"
GONE = ("shutting-down", "terminated")


def describe_vpcs(backend: EC2Backend, hosts: Iterable[HostSpec]) -> tuple[Vpc, ...]:
    """Return the VPCs that need a network: those that somebody made, and the default one once a host is in it."""
    inhabited = {host.vpc_id for host in hosts if host.state != "terminated"}
    return tuple(
        Vpc(vpc.id, str(vpc.cidr_block))
        for vpc in list(backend.vpcs.values())
        if vpc.id in inhabited or str(vpc.is_default).lower() != "true"
    )


def describe_hosts(backend: EC2Backend) -> tuple[HostSpec, ...]:
    """Return every instance that EC2 still lists, terminated ones included, in the order of launch."""
    instances = [instance for reservation in list(backend.reservations.values()) for instance in reservation.instances]
    members = _members(instances)
    return tuple(_host(backend, instance, members) for instance in instances)


def _host(backend: EC2Backend, instance: Instance, members: dict[str, list[str]]) -> HostSpec:
    tags = dict(backend.tags.get(instance.id, {}))
    public_ip = instance.public_ip if instance.nics else None
    egress, egress_ip = _egress(backend, instance.subnet_id or "", public_ip)
    return HostSpec(
        instance_id=instance.id,
        name=tags.get("Name", instance.id),
        state=cast("InstanceState", instance.state),
        image_id=instance.image_id or "",
        instance_type=instance.instance_type,
        vpc_id=instance.vpc_id or "",
        subnet_id=instance.subnet_id or "",
        private_ip=(instance.private_ip if instance.nics else "") or "",
        public_ip=public_ip,
        egress=egress,
        egress_ip=egress_ip,
        rules=_rules(backend, instance, members),
        volumes=_volumes(backend, instance),
        tags=tags,
        boot=getattr(instance, "boot", 0),
    )


def _volumes(backend: EC2Backend, instance: Instance) -> tuple[Volume, ...]:
    attached = (
        Volume(block.volume_id, device, int(backend.volumes[block.volume_id].size or block.size or 1))
        for device, block in instance.get_block_device_mapping
        if device != instance.root_device_name and block.volume_id in backend.volumes
    )
    return tuple(sorted(attached, key=lambda volume: volume.device))


def _groups(instance: Instance) -> list[Any]:
    groups = {group.id: group for group in instance.security_groups}
    for interface in instance.nics.values():
        groups.update({group.id: group for group in interface.group_set})
    return [groups[key] for key in sorted(groups)]


def _members(instances: Iterable[Instance]) -> dict[str, list[str]]:
    """Return the private addresses of each security group's members."""
    members: dict[str, list[str]] = {}
    for instance in instances:
        if instance.state not in GONE and instance.nics and instance.private_ip:
            for group in _groups(instance):
                members.setdefault(group.id, []).append(instance.private_ip)
    return members


def _rules(backend: EC2Backend, instance: Instance, members: dict[str, list[str]]) -> tuple[SecurityRule, ...]:
    rules: dict[SecurityRule, None] = {}  # an ordered set: several groups may hold the same rule
    for group in _groups(instance):
        rules.update(dict.fromkeys(_resolved("ingress", group.ingress_rules, backend, members)))
        rules.update(dict.fromkeys(_resolved("egress", group.egress_rules, backend, members)))
    return tuple(rules)


def _resolved(
    direction: Literal["ingress", "egress"], rules: Iterable[Any], backend: EC2Backend, members: dict[str, list[str]]
) -> Iterator[SecurityRule]:
    """Yield the rules that let somebody through: one whose group has no member yet does not."""
    for rule in list(rules):
        cidrs = tuple(sorted(_sources(backend, rule, members)))
        if cidrs:
            yield SecurityRule(direction, rule.ip_protocol or "-1", rule.from_port, rule.to_port, cidrs)


def _sources(backend: EC2Backend, rule: Any, members: dict[str, list[str]]) -> Iterator[str]:
    if rule.cidr_ipv4:
        yield rule.cidr_ipv4
    if rule.source_group:
        group_id = rule.source_group.get("GroupId")
        yield from (f"{address}/32" for address in members.get(group_id, []))
    if rule.prefix_list_id in backend.managed_prefix_lists:
        entries = backend.managed_prefix_lists[rule.prefix_list_id].entries
        newest = entries[max(entries)] if entries else []
        yield from (entry["Cidr"] for entry in newest if ":" not in entry["Cidr"])


def _route_table(backend: EC2Backend, subnet_id: str) -> Any:
    subnet = backend.get_subnet(subnet_id)
    tables = [table for table in list(backend.route_tables.values()) if table.vpc_id == subnet.vpc_id]
    own = [table for table in tables if subnet_id in table._associations.values()]  # noqa: SLF001 - moto's only place
    main = [table for table in tables if table.main_association_id]
    return next(iter(own or main), None)


def _default_route(backend: EC2Backend, subnet_id: str) -> Any:
    table = _route_table(backend, subnet_id)
    routes = table.routes if table else []
    return next((route for route in routes if route.destination_cidr_block == ANYWHERE), None)


def _reaches_internet(route: Any) -> bool:
    gateway = getattr(route, "gateway", None)
    return gateway is not None and gateway.id.startswith("igw-") and gateway.vpc is not None


def _egress(backend: EC2Backend, subnet_id: str, public_ip: str | None) -> tuple[Egress, str | None]:
    """Follow the default route of a subnet as far as it leads."""
    if subnet_id not in {subnet.id for zone in backend.subnets.values() for subnet in zone.values()}:
        return Egress.NONE, None
    route = _default_route(backend, subnet_id)
    if _reaches_internet(route):
        return (Egress.PUBLIC, public_ip) if public_ip else (Egress.NONE, None)
    gateway = getattr(route, "nat_gateway", None)
    if gateway is None or gateway.state != "available" or gateway.connectivity_type != "public":
        return Egress.NONE, None
    address = next((known.get("publicIp") for known in gateway.address_set), None)
    if not address or not _reaches_internet(_default_route(backend, gateway.subnet_id)):
        return Egress.NONE, None
    return Egress.NAT, address
