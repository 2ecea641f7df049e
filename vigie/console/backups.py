"""What the pages say of backups: how old the newest is, and whether one could be restored."""

from vigie.backups import BackupState, Stage, backup_state
from vigie.console.console import Console


def backup_now(console: Console) -> BackupState:
    """Read from the folder of backups, which is small; unreachable, it counts as empty."""
    context = console.context
    started = context.keeper_status().started
    return backup_state(console.settings.backup, context.clock(), started)


def backup_under_way(console: Console) -> str:
    """How far the one under way is, in words; "" when none is."""
    if console.context.backups is None:
        return ""
    status = console.context.backups.status()
    if status.stage is Stage.IDLE:
        return ""
    doing = "Comparing" if status.stage is Stage.VERIFYING else "Backing up"
    share = 100 * status.done_bytes // max(1, status.total_bytes)
    return f"{doing}: {share} %"
