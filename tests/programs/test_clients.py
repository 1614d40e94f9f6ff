"""aiohttp's and httpx's clients, asking a server that runs on asyncio's own loop."""

import pytest
from sites import UVICORN, Kind, Site, uvicorn


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "TLS"])
def test_clients(way, run, encrypted, certificate, tmp_path):
    kind = Kind(uvicorn(loop="asyncio"), encrypted=encrypted, **UVICORN)
    site = Site(kind, tmp_path, certificate)
    try:
        url = f"{'https' if encrypted else 'http'}://127.0.0.1:{site.port}"
        printed = run(way, "clients_program.py", url, certificate / "authority.pem")
        assert printed[-1] == "done"
        site.stop()
    finally:
        site.program.kill()
