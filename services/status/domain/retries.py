"""When a delivery that failed is tried again: after seconds, then hours, for five days; with chance, so that receivers
that were away are not met by all at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Seconds after each try that failed; the first is made at once. After the last, the delivery has failed for good, or is
# tried again after as long as that.
SCHEDULE = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, 86_400, 86_400)
JITTER = 0.1
LONGEST_ASKED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one try: the receiver's answer, or why there is none. `gone`: it wants nothing more, ever.

    `hopeless`: the same again would not succeed. `asked`: how long it wants to be left alone. `ours`: not the receiver is at
    fault but what sends for us, such as a mail server that refuses our login: an operator can mend it.
    """

    code: int | None = None
    error: str | None = None
    asked: timedelta | None = None
    gone: bool = False
    hopeless: bool = False
    ours: bool = False
    # What to ask after it by, where somebody else goes on delivering it.
    reference: str | None = None

    @property
    def delivered(self) -> bool:
        return self.error is None

    @property
    def failed(self) -> bool:
        """Neither delivered nor still under way, by the receiver's own fault."""
        return self.error is not None and self.reference is None and not self.ours


def next_try(
    tries: int, asked: timedelta | None, chance: float, now: datetime, *, endless: bool = False
) -> datetime | None:
    """When to try again after `tries` that failed; None: no more, unless `endless`. `chance` is from 0 to 1; a receiver may
    ask for longer, not for sooner.
    """
    if tries > len(SCHEDULE) and not endless:
        return None
    scheduled = timedelta(seconds=SCHEDULE[min(tries, len(SCHEDULE)) - 1] * (1 + JITTER * (2 * chance - 1)))
    return now + max(scheduled, min(asked or timedelta(0), LONGEST_ASKED))
