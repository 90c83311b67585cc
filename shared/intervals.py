"""What a share of so many cases says about the share to expect."""

import math

_Z = 1.959963984540054  # 97.5 % of a normal distribution lie below


def wilson(met: float, total: float) -> tuple[float, float] | None:
    """The 95 % interval of a share (Wilson, 1927); None without cases, or where met is more than total."""
    if total <= 0 or not 0 <= met <= total:
        return None
    share, z2 = met / total, _Z * _Z
    middle = share + z2 / (2 * total)
    spread = _Z * math.sqrt(share * (1 - share) / total + z2 / (4 * total * total))
    low, high = (middle - spread) / (1 + z2 / total), (middle + spread) / (1 + z2 / total)
    # At the ends the formula gives exactly these, and floating point not quite.
    return 0.0 if met == 0 else low, 1.0 if met == total else high
