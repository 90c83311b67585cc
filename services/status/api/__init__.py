"""HTTP in and out of status: who may see what, the answers, and who is told of what."""

from fastapi import FastAPI

from services.status import delivering
from services.status.api import applications, exceptions, expecting, live, subscriptions

routers = [applications.router, exceptions.router, live.router, subscriptions.router]


def prepare(app: FastAPI) -> None:
    expecting.prepare(app)
    live.prepare(app)
    delivering.prepare(app)
    # Letters of confirmation by thing, in this process.
    app.state.letters = {}
