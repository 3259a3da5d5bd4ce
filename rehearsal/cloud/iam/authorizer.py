"""Decides on every call: who calls, which actions on which resources that needs, and what the policies say."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.cloud.authorizer import ALLOWED, ApiCall, Decision
from rehearsal.cloud.iam.actions import FREE, iam_action
from rehearsal.cloud.iam.context import RequestContext
from rehearsal.cloud.iam.lookup import Lookup
from rehearsal.cloud.iam.passing import passed_roles
from rehearsal.cloud.iam.policy import Effect, Policy, evaluate, evaluate_on_resource, trusts
from rehearsal.cloud.iam.principals import Principal, Principals, UnknownKeyError
from rehearsal.cloud.iam.resources import resources_of
from rehearsal.cloud.iam.usage import TrailEvent, Usage, now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.cloud.moto_door import MotoDoor

log = logging.getLogger(__name__)

REFUSED_STATUS = 403


@dataclass(frozen=True)
class Needed:
    """One permission that a call needs."""

    action: str
    resource: str
    context: RequestContext


class IamAuthorizer:
    """Satisfies `rehearsal.cloud.authorizer.Authorizer`.

    The administrator may do everything. A role's session and a user are evaluated: identity policies, permissions
    boundary and session policy, the policies of buckets and secrets, and the trust policy of a role that is to be
    assumed. Policies of other resources (queues, topics, keys) are not.
    """

    def __init__(self, door: MotoDoor, account_id: str, usage: Usage) -> None:
        self._door = door
        self._account_id = account_id
        self._usage = usage
        self.principals = Principals(door, account_id)

    def authorize(self, call: ApiCall) -> Decision:
        """Decide on a call, and note it. What cannot be decided is refused."""
        try:
            principal = self.principals.find(call.access_key)
        except UnknownKeyError as error:
            return Decision(allowed=False, message=str(error), code=error.code, status=REFUSED_STATUS)
        try:
            return self._decide(call, principal)
        except Exception:
            log.exception("could not decide on %s for %s", call.action, principal.arn)
            action = iam_action(call.service, call.operation)
            text = f"User: {principal.arn} is not authorized to perform: {action}"
            return Decision(allowed=False, message=f"{text}, since the endpoint could not decide on it; see its log")

    def _decide(self, call: ApiCall, principal: Principal) -> Decision:
        action = iam_action(call.service, call.operation)
        decision, needed = ALLOWED, []
        if principal.is_administrator:
            if action == "sts:AssumeRole":
                decision = self._check_trust(call, principal)
        elif action not in FREE:
            needed = list(self._needed(call, action, principal))
            decision = self._check(principal, needed, Lookup(self._door, self._account_id, call.region))
            if decision.allowed and action == "sts:AssumeRole":
                decision = self._check_trust(call, principal)
        self._note(call, action, principal, needed, decision)
        return decision

    def _needed(self, call: ApiCall, action: str, principal: Principal) -> Iterator[Needed]:
        lookup = Lookup(self._door, self._account_id, call.region)
        for resource in resources_of(call, action, lookup):
            yield Needed(action, resource, self._context(call, action, resource, principal, lookup=lookup))
        for passed in passed_roles(call, action, self._door):
            context = self._context(call, "iam:PassRole", passed.role_arn, principal, lookup=lookup, to=passed.service)
            yield Needed("iam:PassRole", passed.role_arn, context)
        if call.service == "s3" and call.operation == "CopyObject":
            source = call.parameters.get("CopySource")
            if isinstance(source, str):
                arn = f"arn:aws:s3:::{source.lstrip('/').partition('?')[0]}"
                yield Needed("s3:GetObject", arn, self._context(call, "s3:GetObject", arn, principal, lookup=lookup))

    def _context(
        self, call: ApiCall, action: str, resource: str, principal: Principal, *, lookup: Lookup, to: str = ""
    ) -> RequestContext:
        fixed: dict[str, str | list[str]] = {
            "aws:principalarn": principal.entity_arn,
            "aws:principalaccount": principal.account_id,
            "aws:principaltype": "AssumedRole" if principal.is_role else "User",
            "aws:userid": f"{getattr(principal.entity, 'id', '')}:{principal.session_name}".rstrip(":"),
            "aws:resourceaccount": self._account_id,
            "aws:requestedregion": "us-east-1" if call.service == "iam" else call.region,
            "aws:securetransport": "true",  # AWS's endpoints are HTTPS; that this one is not is the rehearsal's matter
            "aws:sourceip": call.source_ip,
            "aws:useragent": call.user_agent,
            "aws:viaawsservice": "false",
            "ec2:region": call.region,
        }
        if not principal.is_role:
            fixed["aws:username"] = principal.arn.rsplit("/", 1)[-1]
        if to:
            fixed["iam:passedtoservice"] = to
        if resource.startswith("arn:aws:ec2:") and ":instance/" in resource:
            fixed["ec2:instanceid"] = resource.rpartition("/")[2]
        return RequestContext(
            fixed,
            call.parameters if action != "iam:PassRole" else {},
            service=action.partition(":")[0],
            resource_tags=lambda: lookup.resource_tags(resource),
            principal_tags=lambda: principal.tags,
        )

    def _check(self, principal: Principal, needed: list[Needed], lookup: Lookup) -> Decision:
        identity = self.principals.policies(principal.entity)
        boundary = self.principals.boundary(principal.entity)
        session = Policy.parse("session policy", principal.session_policy) if principal.session_policy else None
        for each in needed:
            own = self._by_resource(principal, each, lookup)
            if own is Effect.EXPLICIT_DENY:
                return Decision(allowed=False, message=_refusal(principal, each, own, "resource-based"))
            layers = [] if own is Effect.ALLOW else [(identity, "identity-based")]
            layers += [([boundary], "permissions boundary")] if boundary else []
            layers += [([session], "session")] if session else []
            for policies, kind in layers:
                verdict = evaluate(policies, each.action, each.resource, each.context)
                if verdict.effect is not Effect.ALLOW:
                    return Decision(allowed=False, message=_refusal(principal, each, verdict.effect, kind))
        return ALLOWED

    def _by_resource(self, principal: Principal, needed: Needed, lookup: Lookup) -> Effect:
        """Ask the resource's own policy; within an account its Allow is enough."""
        document = lookup.resource_policy(needed.resource)
        if not document:
            return Effect.IMPLICIT_DENY
        who = {"AWS": principal.entity_arn}
        return evaluate_on_resource(document, who, needed.action, needed.resource, needed.context).effect

    def _check_trust(self, call: ApiCall, principal: Principal) -> Decision:
        arn = str(call.parameters.get("RoleArn", ""))
        role = self.principals.role(arn)
        context = RequestContext(
            {
                "aws:principalarn": principal.entity_arn,
                "aws:principalaccount": principal.account_id,
                "aws:sourceip": call.source_ip,
                "sts:externalid": str(call.parameters.get("ExternalId", "")),
                "sts:rolesessionname": str(call.parameters.get("RoleSessionName", "")),
            }
        )
        if role is not None and trusts(
            str(role.assume_role_policy_document or ""), {"AWS": principal.entity_arn}, "sts:AssumeRole", context
        ):
            return ALLOWED
        text = f"User: {principal.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        return Decision(allowed=False, message=text)

    def _note(self, call: ApiCall, action: str, principal: Principal, needed: list[Needed], decision: Decision) -> None:
        event = TrailEvent(
            time=now(),
            action=action,
            operation=call.operation,
            service=call.service,
            region=call.region,
            source_ip=call.source_ip,
            user_agent=call.user_agent,
            access_key=call.access_key or "",
            principal_arn=principal.arn,
            role_arn=principal.entity_arn if principal.is_role else "",
            user_name=principal.session_name or principal.arn.rsplit("/", 1)[-1],
            resources=tuple(each.resource for each in needed if each.resource != "*"),
            error_code="" if decision.allowed else decision.code or "AccessDenied",
            error_message=decision.message,
        )
        granted = tuple(dict.fromkeys(each.action for each in needed)) if decision.allowed else ()
        self._usage.record(principal, event, actions=granted)


def _refusal(principal: Principal, needed: Needed, effect: Effect, kind: str) -> str:
    """Word a refusal as AWS does (IAM User Guide, "Troubleshoot access denied error messages")."""
    text = f"User: {principal.arn} is not authorized to perform: {needed.action} on resource: {needed.resource}"
    name = kind if kind == "permissions boundary" else f"{kind} policy"
    if effect is Effect.EXPLICIT_DENY:
        article = "an" if kind == "identity-based" else "a"
        return f"{text} with an explicit deny in {article} {name}"
    return f"{text} because no {name} allows the {needed.action} action"
