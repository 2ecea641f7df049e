"""Who comes to the demo's extranet on a day, and with what luck: all of a day's randomness."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct

from rum.privacy import site_secret, user_key
from vigie.demo import network

PAGES_MAX = 12
"""Page loads in one session."""
USERS_A_LEVEL = 600

LEVEL_SHARES = (0.42, 0.36, 0.22)
WEEKDAY_WEIGHTS = (1.08, 1.15, 1.02, 1.1, 0.95, 0.32, 0.05)
HOUR_WEIGHTS = (
    *(0.01, 0.01, 0.01, 0.01, 0.01, 0.02, 0.05, 0.12, 0.4, 1.0, 1.25, 1.15),
    *(0.55, 0.4, 1.0, 1.15, 1.1, 0.9, 0.55, 0.25, 0.12, 0.08, 0.04, 0.02),
)
"""Of the network's local hours: offices open at nine, eat at one, close at seven."""

DEVICE_SHARES = {"desktop": 0.68, "phone": 0.26, "tablet": 0.06}
COUNTRY_SHARES = {"FR": 0.9, "BE": 0.06, "CH": 0.03, "LU": 0.01}
_BROWSERS = {
    "desktop": (("Chrome", "Windows", 0.5), ("Edge", "Windows", 0.26), ("Firefox", "Windows", 0.1),
                ("Safari", "macOS", 0.14)),
    "phone": (("Safari", "iOS", 0.52), ("Chrome", "Android", 0.48)),
    "tablet": (("Safari", "iOS", 0.7), ("Chrome", "Android", 0.3)),
}  # fmt: skip


class Person(Struct, frozen=True):
    """One session to be: who it is, and every draw its walk will need.

    `chances` are uniform in 0..1, `dwells` and `noises` standard normal, one set a page load.
    """

    session: str
    start_us: int
    level: str
    user: str
    device: str
    browser: str
    os: str
    country: str
    chances: list[float]
    dwells: list[float]
    noises: list[list[float]]
    mishaps: list[float]
    loads: list[int]


def people_of(day: date, *, expected: float, seed: int, keys: list[str]) -> list[Person]:
    """The sessions that start on `day` of the network's calendar, in order of time.

    `expected` is the mean of their number, `keys` what `user_keys` returned.
    """
    random = np.random.default_rng([seed, day.toordinal()])
    count = int(random.poisson(expected))
    starts = np.sort(_seconds(random, count))
    midnight = datetime.combine(day, time(0), tzinfo=ZoneInfo(network.ZONE)).astimezone(UTC)
    levels = random.choice(len(network.LEVELS), count, p=LEVEL_SHARES).tolist()
    users = random.integers(0, USERS_A_LEVEL, count).tolist()
    devices = random.choice(list(DEVICE_SHARES), count, p=list(DEVICE_SHARES.values())).tolist()
    countries = random.choice(list(COUNTRY_SHARES), count, p=list(COUNTRY_SHARES.values()))
    browsing = random.random(count).tolist()
    ids = random.bytes(16 * count).hex()
    rows = zip(
        (starts * 1_000_000).astype(np.int64).tolist(),
        levels,
        users,
        devices,
        browsing,
        countries.tolist(),
        random.random((count, 8)).tolist(),
        random.standard_normal((count, PAGES_MAX)).tolist(),
        random.standard_normal((count, PAGES_MAX, 5)).tolist(),
        random.random((count, PAGES_MAX)).tolist(),
        random.integers(0, 2**32, (count, PAGES_MAX)).tolist(),
        strict=True,
    )
    midnight_us = int(midnight.timestamp()) * 1_000_000
    people = []
    for index, row in enumerate(rows):
        start_us, level, user, device, browse, country, *draws = row
        browser, system = _browser(device, browse)
        people.append(
            Person(
                ids[32 * index : 32 * index + 32],
                midnight_us + start_us,
                network.LEVELS[level],
                keys[level * USERS_A_LEVEL + user],
                device,
                browser,
                system,
                country,
                *draws,
            )
        )
    return people


def user_keys(secret: bytes) -> list[str]:
    """The keyed hash of every user of the network, level after level, as the collector makes it.

    `secret` is the data folder's. The three advisers of the demo's sign-in page are among them.
    """
    of_site = site_secret(secret, network.SITE)
    count = len(network.LEVELS) * USERS_A_LEVEL
    return [user_key(of_site, f"adviser-{number:04d}") for number in range(count)]


def _seconds(
    random: np.random.Generator, count: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    weights = np.array(HOUR_WEIGHTS)
    hours = random.choice(24, count, p=weights / weights.sum())
    return np.asarray((hours + random.random(count)) * 3600.0)


def _browser(device: str, chance: float) -> tuple[str, str]:
    for browser, system, share in _BROWSERS[device]:
        chance -= share
        if chance <= 0:
            return browser, system
    return _BROWSERS[device][0][:2]
