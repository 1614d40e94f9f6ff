"""Follow the links of a web site, many pages at a time.

    python3 examples/crawl.py http://localhost:8000/ [--connections 10]

Prints each page's status, size and address. Speaks plain HTTP/1.0, for which asyncio's streams are
enough; use aiohttp or httpx for everything else (docs/PROGRAMS.md says how they run on phaseloop).
"""

import argparse
import asyncio
import re
from urllib.parse import urldefrag, urljoin, urlsplit

import phaseloop

LINK = re.compile(rb"""href=["']([^"']+)""", re.IGNORECASE)


async def fetch(url):
    """Get a page: its status and its body."""
    parts = urlsplit(url)
    async with asyncio.timeout(10):  # seconds, for the whole of it
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            writer.write(f"GET {path} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            return int(head.split(None, 2)[1]), await reader.read()
        finally:
            writer.close()


async def visit(pages, seen, site):
    """Take pages from the queue, and put their links into it, until cancelled."""
    while True:
        url = await pages.get()
        try:
            status, body = await fetch(url)
            print(status, len(body), url, flush=True)
            for link in LINK.findall(body):
                found = urldefrag(urljoin(url, link.decode(errors="replace"))).url
                if found not in seen and urlsplit(found).netloc == site:
                    seen.add(found)
                    pages.put_nowait(found)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as exc:
            print("failed:", url, repr(exc), flush=True)
        finally:
            pages.task_done()


async def main(start, connections):
    pages, seen = asyncio.Queue(), {start}
    pages.put_nowait(start)
    visitors = [
        asyncio.create_task(visit(pages, seen, urlsplit(start).netloc)) for _ in range(connections)
    ]
    await pages.join()  # every page that was put has been done
    for visitor in visitors:
        visitor.cancel()
    print(len(seen), "pages")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Follow the links of a web site.")
    parser.add_argument("url", help="where to start; links to other hosts are not followed")
    parser.add_argument("--connections", type=int, default=10, help="at a time (default: 10)")
    arguments = parser.parse_args()
    phaseloop.run(main(arguments.url, arguments.connections))
