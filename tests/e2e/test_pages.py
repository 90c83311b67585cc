"""Every page in both languages."""

import re

import aiohttp
import pytest

from guichet.client import Services
from tests.e2e.conftest import Served

PAGES = [
    ("reporting", "/"),
    ("reporting", "/?show=late&window=7d"),
    ("reporting", "/?show=below&window=fiscal_year"),
    ("reporting", "/freshness"),
    ("reporting", "/services/{service}"),
    ("inventory", "/"),
    ("inventory", "/?q=a&org=9001"),
    ("inventory", "/services/{service}"),
    ("inventory", "/annual-update"),
    ("inventory", "/annual-update?org=9001&fiscal_year=2025-2026"),
    ("inventory", "/tools/service"),
    ("inventory", "/tools/service?final_output=yes&need=no"),
    ("inventory", "/tools/priority"),
    ("feedback", "/"),
    ("status", "/"),
    ("status", "/applications"),
    ("status", "/sign-in"),
]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("service", "path"), PAGES)
async def test_a_page_stands_in_its_language_and_loads_nothing_from_elsewhere(
    services: Services, http: aiohttp.ClientSession, served: Served, service: str, path: str, language: str
) -> None:
    url = f"{services.url(service)}/{language}{path.format(service=served.service_id)}"
    async with http.get(url) as answer:
        html = await answer.text()
    assert answer.status == 200
    assert f'<html lang="{language}-CA">' in html
    assert answer.headers["Content-Language"] == language
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert re.search(r"<title>.+ – Guichet</title>", html)
    assert html.count("<h1") == 1
    assert not re.findall(r'(?:src|<link[^>]+href)="https?://', html)
    assert not re.findall(r"<script(?![^>]+src=)|<style|\son\w+=|\sstyle=", html)
    for table in re.findall(r"<table.*?</table>", html, re.DOTALL):
        assert "<caption" in table
        assert 'scope="col"' in table


async def test_the_way_in_leads_to_the_reader_s_language(services: Services, http: aiohttp.ClientSession) -> None:
    for header, wanted in (("fr-CA,fr;q=0.9,en;q=0.5", "/fr/"), ("en-GB", "/en/"), ("de", "/en/")):
        url = f"{services.url('reporting')}/"
        async with http.get(url, headers={"Accept-Language": header}, allow_redirects=False) as answer:
            assert answer.headers["Location"] == wanted


@pytest.mark.parametrize(
    ("language", "words"), [("en", "There is no such thing here."), ("fr", "Cet élément n'existe pas.")]
)
async def test_a_service_that_is_not_there_gets_a_page_that_says_so(
    services: Services, http: aiohttp.ClientSession, language: str, words: str
) -> None:
    for service in ("reporting", "inventory"):
        async with http.get(f"{services.url(service)}/{language}/services/nothing") as answer:
            assert answer.status == 404
            assert words in (await answer.text()).replace("&#39;", "'")
