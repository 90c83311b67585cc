"""What schemathesis reads before it begins: its wrong tracking codes count against an address of its own, not the tests'."""

from functools import partialmethod

from urllib3.connection import HTTPConnection

HTTPConnection.__init__ = partialmethod(HTTPConnection.__init__, source_address=("127.0.0.6", 0))  # type: ignore[assignment, method-assign]
