"""A site's clock and its holidays, by whose days and hours its weeks go."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Calendar(Struct, frozen=True):
    """`holidays` are days, "2027-05-17", or of every year, "12-25"."""

    timezone: str = "UTC"
    holidays: tuple[str, ...] = ()

    def hours(self, first: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Of `count` hours from hour `first` of the epoch on: how far the clock is ahead of UTC, in
        whole hours, and whether they are of a holiday."""
        zone = ZoneInfo(self.timezone)
        holidays = set(self.holidays)
        ahead, holiday = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
        for place in range(count):
            local = (EPOCH + (first + place) * HOUR).astimezone(zone)
            ahead[place] = (local.utcoffset() or timedelta()) // HOUR
            if holidays:
                holiday[place] = bool(holidays & {f"{local:%Y-%m-%d}", f"{local:%m-%d}"})
        return ahead, holiday
