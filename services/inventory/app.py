"""Wiring of inventory."""

from services.inventory import api, consumers, handlers, pages
from services.inventory.handlers import restoring
from shared.contracts.reported.kinds import KINDS
from shared.service import Parts, main
from shared.serving import run

parts = Parts(
    name="inventory",
    topics=[handlers.TOPIC, handlers.STEWARDSHIP_TOPIC],
    kinds=KINDS["inventory"],
    handle=handlers.record_reports,
    overseen=True,
    consumptions=consumers.consumptions,
    say_again=restoring.say_again,
    routers=[*api.routers, *pages.routers],
)
app = main(parts)

if __name__ == "__main__":
    run(app)
