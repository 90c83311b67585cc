"""Wiring of feedback."""

from services.feedback import api, consumers, handlers, pages
from shared.contracts.reported.feedback import FeedbackHandlingReported, FeedbackReported
from shared.service import Parts, main
from shared.serving import run

parts = Parts(
    name="feedback",
    topics=[handlers.TOPIC],
    kinds={
        "guichet.feedback.FeedbackReported.v1": FeedbackReported,
        "guichet.feedback.FeedbackHandlingReported.v1": FeedbackHandlingReported,
        "guichet.feedback.ResolutionTimeReported.v1": None,
        "guichet.feedback.ImprovementReported.v1": None,
        "guichet.feedback.ReportCorrected.v1": None,
    },
    handle=handlers.record_reports,
    consumptions=consumers.consumptions,
    routers=[api.router, pages.router],
)
app = main(parts)

if __name__ == "__main__":
    run(app)
