"""Data: what was refused and why, how fresh the store is, and how Vigie's processes are."""

from datetime import timedelta

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from vigie.alerts.ledger import Ledger
from vigie.alerts.outbox import OutboxRow, Tally
from vigie.console.backups import backup_now, backup_under_way
from vigie.console.console import Console, console_of
from vigie.console.elsewhere import locations_now
from vigie.console.freshness import freshness_now, freshness_values
from vigie.console.refused import REASON_ROWS, refused_lines
from vigie.console.samples import skew_now
from vigie.settings import ChannelSettings
from vigie.supervisor_status import read_status

FAILURES_MAX = 20
OUTBOX_SHOWN = timedelta(days=30)


def data(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    fresh = freshness_now(console)
    return console.page(
        request,
        "data.html",
        scope,
        live_s=3,
        refused=refused_lines(console, scope)[:REASON_ROWS],
        refused_address=scope.href("/api/v1/reports/refused", site=None, level=None),
        supervisor=read_status(console.context.folder.run),
        generated=fresh.generated,
        held=fresh.rows,
        failures=fresh.failures[:FAILURES_MAX],
        outbox=outbox_now(console),
        locations=locations_now(console),
        skew=skew_now(console),
        backup=backup_now(console),
        backup_under_way=backup_under_way(console),
        **freshness_values(console, fresh),
    )


class OutboxView(Struct, frozen=True, kw_only=True):
    """What became of messages to channels lately, and those that still wait or were given up."""

    channels: tuple[tuple[ChannelSettings, Tally], ...]
    unsettled: tuple[OutboxRow, ...]


def outbox_now(console: Console) -> OutboxView:
    """As it stands: it changes without new records, so no answer of before would do."""
    ledger = Ledger(console.context.database)
    since = console.context.clock() - OUTBOX_SHOWN
    tallies = ledger.tallies(since)
    return OutboxView(
        channels=tuple(
            (channel, tallies.get(channel.id, Tally())) for channel in console.settings.channels
        ),
        unsettled=tuple(ledger.unsettled(since, FAILURES_MAX)),
    )
