"""Wiring of reporting."""

from fastapi import FastAPI

from services.reporting import api, consumers, pages
from services.reporting.api import measuring, rebuilding, stream, tracing
from services.reporting.api.yearly import trends
from services.reporting.handlers import telling
from shared.service import Parts, main
from shared.serving import run


def prepare(app: FastAPI) -> None:
    stream.prepare(app)
    tracing.prepare(app)
    measuring.prepare(app)
    consumers.prepare(app)
    trends.prepare(app)
    rebuilding.prepare(app)


parts = Parts(
    name="reporting",
    topics=[telling.TOPIC],
    kinds={},
    prepare=prepare,
    consumptions=consumers.consumptions,
    routers=[api.router, pages.router],
    background=[stream.run, consumers.tell_verdicts, consumers.summarize_log, rebuilding.put_right],
)
app = main(parts)

if __name__ == "__main__":
    run(app)
