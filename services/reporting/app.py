"""Wiring of reporting."""

from services.reporting import api, consumers, pages
from services.reporting.api import stream
from shared.service import Parts, main
from shared.serving import run

parts = Parts(
    name="reporting",
    topics=["reporting.verdicts.v1"],
    kinds={},
    prepare=stream.prepare,
    consumptions=consumers.consumptions,
    routers=[api.router, pages.router],
    background=[stream.run],
)
app = main(parts)

if __name__ == "__main__":
    run(app)
