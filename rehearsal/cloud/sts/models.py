"""STS with one answer of its own: who the administrator is."""

from __future__ import annotations

from moto.sts.models import STSBackend

from rehearsal.cloud.iam.principals import administrator_arn

ADMINISTRATOR_ID = "AIDAADMINISTRATOR"


class IdentifiedStsBackend(STSBackend):
    """moto's STS, which names the caller of an unknown key `user/moto`; executions name that caller otherwise."""

    def get_caller_identity(self, access_key_id: str, region: str) -> tuple[str, str, str]:
        user_id, arn, account_id = super().get_caller_identity(access_key_id, region)
        if arn.endswith(":user/moto"):
            return ADMINISTRATOR_ID, administrator_arn(self.account_id), self.account_id
        return user_id, arn, account_id
