"""Wiring of status."""

from services.status import api, consumers, delivering, handlers, pages
from services.status.api import live
from services.status.handlers import entries
from shared.contracts.reported.kinds import KINDS
from shared.service import Parts, main
from shared.serving import run

parts = Parts(
    name="status",
    topics=[entries.TOPIC, "status.notifications.v1"],
    kinds=KINDS["status"],
    handle=handlers.record_reports,
    opened=handlers.opened,
    prepare=api.prepare,
    consumptions=consumers.consumptions,
    routers=[*api.routers, *pages.routers],
    background=[consumers.measure_again, live.run, delivering.deliver, delivering.keep_house],
)
app = main(parts)

if __name__ == "__main__":
    run(app)
