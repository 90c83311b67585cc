"""Wiring of feedback."""

from services.feedback import api, consumers, handlers, pages
from shared.contracts.reported.kinds import KINDS
from shared.service import Parts, main
from shared.serving import run

parts = Parts(
    name="feedback",
    topics=[handlers.TOPIC],
    kinds=KINDS["feedback"],
    handle=handlers.record_reports,
    consumptions=consumers.consumptions,
    routers=[api.router, pages.router],
)
app = main(parts)

if __name__ == "__main__":
    run(app)
