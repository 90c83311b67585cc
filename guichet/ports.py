"""The ports of a system, in a row from its first."""

import socket

from guichet.errors import WrongUse

# port_base + offset
PORTS = {
    "reporting": 0,
    "inventory": 1,
    "feedback": 2,
    "status": 3,
    "kafka": 4,
    "kafka controller": 5,
    "mailbox": 6,
    "mail": 7,
}


def is_free(port: int) -> bool:
    """Whether something could listen there now. Raises OverflowError past 65535."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def check_ports(port_base: int, *, kafka: bool, mailbox: bool) -> None:
    """Raises WrongUse for the first port that is taken. Kafka's own are not needed where a setting names another, nor the
    mailbox's where there is none.
    """
    for name, offset in PORTS.items():
        if (name.startswith("kafka") and not kafka) or (name.startswith("mail") and not mailbox):
            continue
        if not is_free(port_base + offset):
            raise WrongUse(
                f"port {port_base + offset} (for {name}) is in use: "
                f"choose another first port, such as --port-base {port_base + 100}"
            )
