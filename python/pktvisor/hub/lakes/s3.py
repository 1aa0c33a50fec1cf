"""A lake in a bucket of S3, or of what speaks its language. Keys, region and endpoint come from the environment, by the
names that all clients of S3 know: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL.
"""

from __future__ import annotations

from pktvisor.config.urls import LakeUrl
from pktvisor.hub.delta import LakePlace

ONE_WINS = {"conditional_put": "etag"}
"""Of two that write the same commit, one is refused (If-None-Match): so several hubs can write to one table."""


def place(url: LakeUrl) -> LakePlace:
    """Give the place. Nothing is asked of the bucket yet: it may be away while the hub starts."""
    return LakePlace(str(url), ONE_WINS)
