"""Serving an app by uvicorn, in this process."""

import gc
from types import FrameType

import uvicorn
from fastapi import FastAPI

from shared.connections import BoundedConnection
from shared.settings import Settings


def run(app: FastAPI) -> None:
    gc.freeze()  # what was imported stays; how seldom garbage is looked for stands in services/__init__.py
    _Server(config_of(app, app.state.settings)).run()


def config_of(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Whom a request comes from is who opened the connection, unless that is a proxy that this installation names."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=BoundedConnection,
        ws="none",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=5,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
    )


class _Server(uvicorn.Server):
    """Tells open streams to end when asked to end itself, instead of waiting for readers that never leave."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        for stream in self.config.app.state.streams:  # type: ignore[union-attr]  # our own app
            stream.close()
        super().handle_exit(sig, frame)
