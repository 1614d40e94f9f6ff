"""aiohttp's and httpx's clients, asking a server that runs on asyncio's own loop."""

import pytest
from sites import UNCLOSED, UVICORN, Kind, Site, uvicorn


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "TLS"])
def test_clients(way, run, encrypted, certificate, tmp_path):
    kind = Kind(uvicorn(loop="asyncio"), encrypted=encrypted, **UVICORN)
    site = Site(kind, tmp_path, certificate)
    try:
        url = f"{'https' if encrypted else 'http'}://127.0.0.1:{site.port}"
        # aiohttp's client, too, does not wait for the other side's good-bye.
        quiet = UNCLOSED if encrypted else ""
        authority = certificate / "authority.pem"
        printed = run(way, "clients_program.py", url, authority, quiet=quiet)
        assert printed[-1] == "done"
        site.stop()
    finally:
        site.program.kill()
