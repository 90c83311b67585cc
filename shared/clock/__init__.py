"""The service-standard clock: from a measure, a calendar and a history, what is elapsed, due and met. Pure.

Rule numbers are those of the clock; the Policy on Service asks for the rest (standards often start at a complete
application: Guideline on Service Management, 2.7). Decided here, where the rules leave room:

- An open clock is read as if it stopped now. So on a Saturday the coming business day is already counted, and
  late ⇔ elapsed > limit ⇔ now >= late_from holds at every instant (rule 6: one definition).
- A stop on a day that is no business day counts as the next business day for an open pause too: what was in time when
  it was paused is in time when it stops.
- A request still open when the clock starts pauses it from its start.
- A stop at the very instant of the start counts, whatever the order of ties.
- `closed` or `withdrawn`, then `reopened`, are as if they had not been: the clock went on all the while.
- An ended clock counts the exception days that stood when it ended; one taken back later, or made known later, does not
  touch it. By the same rule a stop that is reported late is read as it would have been in time.
- A case whose clock never started is not started, even when withdrawn; an excluded one has no due date any more.
- Hours, minutes, seconds: instants are cut to the second, the due instant itself is in time, and a case is late from
  one second after it.
"""

from shared.clock.history import FINAL, Moment, effective, in_order
from shared.clock.reading import Exclusion, Reading, State, read
from shared.clock.scales import Unit

__all__ = ["FINAL", "Exclusion", "Moment", "Reading", "State", "Unit", "effective", "in_order", "read"]
