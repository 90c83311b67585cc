"""Departments that report events to the doors of the services, in proportion to the volumes of an inventory.

Everything is a pure function of the inventory, the seed, `now` and the number of events: the same arguments give the
same events to the byte, ids included. Ids hold four letters made of seed and `now`, so that one system can take one
simulation after another.
"""

from guichet.simulator.report import Report
from guichet.simulator.simulation import Simulation

__all__ = ["Report", "Simulation"]
