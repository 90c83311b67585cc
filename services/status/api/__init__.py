"""HTTP in and out of status: who may see what, and the answers."""

from fastapi import FastAPI

from services.status.api import access, applications, live

routers = [applications.router, live.router]


def prepare(app: FastAPI) -> None:
    access.prepare(app)
    live.prepare(app)
