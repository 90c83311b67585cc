"""Wiring of feedback."""

from services.feedback import api, consumers, handlers, pages
from services.feedback.handlers import entries
from shared.contracts.reported.kinds import KINDS
from shared.service import Parts, main
from shared.serving import run

parts = Parts(
    name="feedback",
    topics=[entries.TOPIC],
    kinds=KINDS["feedback"],
    handle=handlers.record_reports,
    opened=handlers.opened,
    consumptions=consumers.consumptions,
    routers=[*api.routers, *pages.routers],
    background=[consumers.watch, consumers.keep_house],
)
app = main(parts)

if __name__ == "__main__":
    run(app)
