"""What botocore knows of a service's API, by the name that botocore files it under."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model

if TYPE_CHECKING:
    from moto.core.model import ServiceModel

_MOST_NAMES = 512  # a request names its service itself


@lru_cache(_MOST_NAMES)
def find_model(service: str) -> ServiceModel | None:
    """The newest model of a service, None where botocore has none.

    That there is none is remembered too: agents call such a service with every look for work, and botocore searches its
    whole data folder, some 30 ms, before it says so.
    """
    try:
        return get_service_model(service)
    except UnknownServiceError:
        return None
