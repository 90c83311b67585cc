"""Wiring of inventory."""

from services.inventory import api, consumers, handlers, pages
from shared.contracts.reported.inventory import (
    ServiceReported,
    ServiceStandardReported,
    ServiceStandardResultReported,
)
from shared.service import Parts, main
from shared.serving import run

parts = Parts(
    name="inventory",
    topics=[handlers.TOPIC, "inventory.stewardship.v1"],
    kinds={
        "guichet.inventory.ServiceReported.v1": ServiceReported,
        "guichet.inventory.ServiceStandardReported.v1": ServiceStandardReported,
        "guichet.inventory.ServiceStandardResultReported.v1": ServiceStandardResultReported,
        "guichet.inventory.ServiceRetirementReported.v1": None,
        "guichet.inventory.ServiceTransferReported.v1": None,
        "guichet.inventory.StewardshipReported.v1": None,
        "guichet.inventory.ReportCorrected.v1": None,
    },
    handle=handlers.record_reports,
    consumptions=consumers.consumptions,
    routers=[api.router, pages.router],
)
app = main(parts)

if __name__ == "__main__":
    run(app)
