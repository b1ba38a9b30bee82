"""A bar on a terminal, while a server takes its galleries into memory."""

from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from visavis.cli.shell import progress

if TYPE_CHECKING:
    from visavis.flows.live import Loaded


class LoadingBar:
    """Shows how many people are in memory; it appears when it is first told, and ends when everything is there."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=progress())
        self._task = self._bar.add_task("People in memory")

    def __call__(self, loaded: "Loaded") -> None:
        """Show this from now on."""
        done = loaded.subjects + loaded.left_out
        if not self._bar.live.is_started and not loaded.is_complete:
            self._bar.start()
        self._bar.update(self._task, completed=done, total=max(loaded.people, done))
        if loaded.is_complete:
            self._bar.stop()
