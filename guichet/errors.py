"""What stops the command, by its remedy and exit status."""


class Stop(Exception):
    """Ends the command with one line on stderr that says what to do."""

    status = 1


class WrongUse(Stop):
    """Wrong use or settings."""

    status = 2


class NotReachable(Stop):
    """Something needed is not reachable."""

    status = 3
