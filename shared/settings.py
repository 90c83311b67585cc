"""What a service is told by its environment (`GUICHET_...`)."""

import os
import sys
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kafka import Kafka


class Settings(BaseSettings):
    """One service's settings; durations in seconds."""

    # A folder with a file for each secret, named like the variable it stands for: what is in a file, no process list shows.
    model_config = SettingsConfigDict(env_prefix="GUICHET_", frozen=True, secrets_dir=os.environ.get("GUICHET_SECRETS"))

    database_url: SecretStr
    kafka_bootstrap: str
    kafka_username: str | None = Field(default=None, description="this service's principal (SCRAM-SHA-512)")
    kafka_password: SecretStr = SecretStr("")
    kafka_tls: bool = False
    kafka_authority: Path | None = Field(default=None, description="certificates that Kafka's is checked against")
    pepper: SecretStr = Field(min_length=32)
    master_key: SecretStr = Field(
        min_length=43, description="32 bytes in URL-safe base64; seals what must stay private"
    )
    jwks: str | None = Field(
        default=None, description="public keys of the issuer of people's tokens: a JWKS file or https address"
    )
    issuer: str = "guichet-demo"
    mode: Literal["production", "demo"] = "production"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    trusted_proxies: str = Field(
        default="", description="addresses of proxies whose word on who is calling (X-Forwarded-*) is taken"
    )
    simulated: bool = Field(default=False, description="pages say that the events they show are simulated")
    links: str = Field(
        default="", description="addresses of the other services' pages: status=https://...,reporting=..."
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    key_events_per_second: float = Field(
        default=50_000, gt=0, description="what one key may send for any length of time"
    )
    key_burst: int = Field(default=200_000, ge=10_000, description="and what it may send at once beyond that")
    gather: float = Field(default=0.006, ge=0, le=1, description="how long the HTTP door gathers events for one commit")
    webhook_targets: Literal["public", "any"] = Field(
        default="public", description="`any`: webhooks may go to loopback and by http too; in demo mode alone"
    )
    smtp: SecretStr | None = Field(
        default=None, description="a mail server for notifications: smtp://user:password@host:587, or smtps://..."
    )
    mail_from: str | None = Field(default=None, description="the address that e-mail comes from")
    public_url: str | None = Field(
        default=None, description="where people reach this service: in links of what they get"
    )
    notify_url: str = Field(default="https://api.notification.canada.ca", description="GC Notify")
    notify_key: SecretStr | None = None
    notify_template_en: str | None = Field(default=None, description="template ids, with ((subject)) and ((message))")
    notify_template_fr: str | None = None
    database_connections: int = Field(default=8, ge=4, le=100)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        for each in filter(None, value.split(",")):
            ip_network(each.strip())  # its own words name what is wrong
        return value

    @field_validator("smtp")
    @classmethod
    def _is_a_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parts = urlsplit(value.get_secret_value())
            if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
                raise ValueError("a mail server is smtp://host:port or smtps://host:port")
        return value

    @property
    def kafka(self) -> Kafka:
        return Kafka(
            self.kafka_bootstrap,
            self.kafka_username,
            self.kafka_password.get_secret_value(),
            self.kafka_tls,
            self.kafka_authority,
        )


def _lacking(settings: Settings) -> Iterator[str]:
    """What a channel that is set up needs besides."""
    wanted = {
        "smtp": ("mail_from", "public_url"),
        "notify_key": ("notify_template_en", "notify_template_fr", "public_url"),
    }
    for channel, names in wanted.items():
        if getattr(settings, channel) is not None:
            yield from (
                f"setting GUICHET_{name.upper()}: needed beside GUICHET_{channel.upper()}\n"
                for name in names
                if not getattr(settings, name)
            )


def load_settings() -> Settings:
    """The settings, or one line naming each wrong one on stderr and exit 2."""
    try:
        settings = Settings()
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            sys.stderr.write(f"setting GUICHET_{str(found['loc'][0]).upper()}: {found['msg']}\n")
        raise SystemExit(2) from None
    if settings.mode == "demo" and settings.host not in {"127.0.0.1", "localhost", "::1"}:
        sys.stderr.write(
            "setting GUICHET_HOST: demo mode trusts a local issuer of tokens, and listens on loopback only\n"
        )
        raise SystemExit(2)
    if settings.mode != "demo" and settings.webhook_targets != "public":
        sys.stderr.write("setting GUICHET_WEBHOOK_TARGETS: any is for GUICHET_MODE=demo only\n")
        raise SystemExit(2)
    if settings.mode != "demo" and settings.issuer == "guichet-demo" and settings.jwks is not None:
        sys.stderr.write("setting GUICHET_ISSUER: the demo's issuer of tokens is trusted in GUICHET_MODE=demo only\n")
        raise SystemExit(2)
    if lacking := list(_lacking(settings)):
        sys.stderr.write("".join(lacking))
        raise SystemExit(2)
    return settings
