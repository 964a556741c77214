"""The two kinds of throttling: ARM's token buckets at the front door and the disk provider's counted windows.

A refused request consumes nothing. Neither is kept over a restart: a restarted simulator starts with full buckets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from infra.local.arm import errors
from infra.local.arm.settings import Settings
from infra.local.arm.wire import ArmError

WINDOWS = {"3Min": 180.0, "30Min": 1_800.0}
VERBS = {"GET": "read", "HEAD": "read", "DELETE": "delete"}


@dataclass(slots=True)
class TokenBucket:
    tokens: float
    filled_at: float

    def refill(self, now: float, capacity: float, per_second: float) -> None:
        self.tokens = min(capacity, self.tokens + max(0.0, now - self.filled_at) * per_second)
        self.filled_at = now


class FrontDoor:
    """ARM's buckets: per subscription, principal and verb, and a global one of 15 times the size per subscription."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def admit(
        self, *, subscription: str, principal: str, method: str, now: float, settings: Settings
    ) -> dict[str, str]:
        """Takes a token and returns the headers that tell what is left; ArmError 429 when the bucket is empty."""
        verb = VERBS.get(method, "write")
        capacity = getattr(settings, f"{verb}s_bucket")
        per_second = getattr(settings, f"{verb}s_per_second")
        factor = settings.global_factor
        own = self._filled((subscription, principal, verb), now, capacity, per_second)
        shared = self._filled((subscription, "", verb), now, capacity * factor, per_second * factor)
        for bucket, limit, rate in ((own, capacity, per_second), (shared, capacity * factor, per_second * factor)):
            if bucket.tokens < 1:
                raise _empty(verb, subscription, bucket, limit, rate)
        own.tokens -= 1
        shared.tokens -= 1
        return {
            f"x-ms-ratelimit-remaining-subscription-{verb}s": str(int(own.tokens)),
            f"x-ms-ratelimit-remaining-subscription-global-{verb}s": str(int(shared.tokens)),
        }

    def _filled(self, key: tuple[str, str, str], now: float, capacity: float, per_second: float) -> TokenBucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(float(capacity), now)
        bucket.refill(now, capacity, per_second)
        return bucket


@dataclass(slots=True)
class Window:
    start: float
    count: int = 0


class ProviderPolicies:
    """The disk provider's policies: per subscription, region and policy, counted per 3 and per 30 minutes."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str, str, str], Window] = {}

    def admit(self, policy: str, *, subscription: str, location: str, now: float, settings: Settings) -> dict[str, str]:
        """Counts one call and returns the header that tells what is left; ArmError 429 when a window is full."""
        limits = dict(zip(WINDOWS, settings.policies[policy], strict=True))
        windows = {span: self._window((subscription, location, policy, span), now) for span in WINDOWS}
        for span, window in windows.items():
            if window.count >= limits[span]:
                raise _full(policy + span, window, WINDOWS[span], limits[span], now)
        for window in windows.values():
            window.count += 1
        left = (f"Microsoft.Compute/{policy}{span};{limits[span] - windows[span].count}" for span in WINDOWS)
        return {"x-ms-ratelimit-remaining-resource": ",".join(left)}

    def _window(self, key: tuple[str, str, str, str], now: float) -> Window:
        window = self._windows.get(key)
        if window is None or now - window.start >= WINDOWS[key[3]]:
            window = self._windows[key] = Window(now)
        return window


def _empty(verb: str, subscription: str, bucket: TokenBucket, limit: float, per_second: float) -> ArmError:
    wait = math.ceil((1 - bucket.tokens) / per_second) if per_second else 3_600
    interval = limit / per_second if per_second else 3_600
    return errors.arm_throttled(
        verb=verb, subscription=subscription, limit=int(limit), interval_seconds=interval, retry_after=wait
    )


def _full(policy: str, window: Window, seconds: float, limit: int, now: float) -> ArmError:
    end = window.start + seconds
    return errors.compute_throttled(
        policy=policy,
        start=window.start,
        end=end,
        limit=limit,
        measured=window.count + 1,
        retry_after=max(1, math.ceil(end - now)),
    )
