"""What people see of long work: a bar on a terminal, a line a step elsewhere; always on stderr."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

console = Console(stderr=True, highlight=False)


class Bar:
    """A piece of long work: how much of it is done, and what is being done now."""

    def __init__(self, progress: Progress | None, task: TaskID | None, *, quiet: bool = False) -> None:
        self._progress, self._task, self._quiet = progress, task, quiet

    def say(self, text: str) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=text)
        elif not self._quiet:
            console.print(text)

    def show(self, text: str, by: float) -> None:
        """What is being done, and how much more of it is done: on a terminal alone."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=text, advance=by)

    def step(self, text: str) -> None:
        """What is done next: a line where there is no terminal."""
        if self._progress is None:
            self.say(text)

    def advance(self, by: float = 1) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, by)


@contextmanager
def working(text: str, total: float | None = None, *, quiet: bool = False) -> Iterator[Bar]:
    """A bar of `total` steps (None: unknown). Without a terminal, what is said is a line; with `quiet`, nothing."""
    if quiet or not console.is_terminal:
        bar = Bar(None, None, quiet=quiet)
        bar.say(text)
        yield bar
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bar(progress, progress.add_task(text, total=total))
