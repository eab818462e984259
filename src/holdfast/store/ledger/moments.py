"""Moments as the ledger writes them, and the days of a contest's clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from holdfast.errors import BadInput
from holdfast.recipe.strict import nearest


def said(moment: datetime) -> str:
    """A moment as text in UTC, to the millisecond: such texts sort as the moments follow each other.

    >>> said(datetime(2026, 11, 21, 19, 12, tzinfo=UTC))
    '2026-11-21T19:12:00.000+00:00'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def now() -> datetime:
    return datetime.now(UTC)


def of_file(seconds: float) -> str:
    """The same of a file's time."""
    return said(datetime.fromtimestamp(seconds, UTC))


def clock_of(name: str) -> ZoneInfo:
    """The time zone of a name. Raises BadInput for an unknown one."""
    from zoneinfo import available_timezones

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        guess = nearest(name, available_timezones())
        raise BadInput(f"--clock: {name!r} is no time zone, as UTC or Asia/Seoul; {guess}") from None


def moment_of(text: str, clock: ZoneInfo) -> datetime:
    """A moment that someone wrote; by the contest's clock where it names no zone. Raises BadInput."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--when: expected a date and time, as 2026-11-21T19:12, got {text!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=clock)


def day_of(moment: datetime, clock: ZoneInfo) -> tuple[datetime, datetime]:
    """When the day that holds a moment begins by a clock, and when the next one does; both in UTC.

    >>> [said(end) for end in day_of(datetime(2026, 11, 21, 19, 12, tzinfo=UTC), ZoneInfo("Asia/Seoul"))]
    ['2026-11-21T15:00:00.000+00:00', '2026-11-22T15:00:00.000+00:00']
    """
    day = moment.astimezone(clock).date()
    begins, ends = (datetime.combine(one, time(), clock) for one in (day, day + timedelta(days=1)))
    return begins.astimezone(UTC), ends.astimezone(UTC)
