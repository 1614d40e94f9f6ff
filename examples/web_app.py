"""A web application, without a framework, on uvicorn.

    pip install uvicorn
    uvicorn --app-dir examples --loop phaseloop:new_event_loop web_app:app

or `python3 examples/web_app.py`, which does the same. Then: curl 'localhost:8000/?seconds=0.1'
"""

import argparse
import asyncio
import json
from urllib.parse import parse_qs


async def app(scope, receive, send):
    """What ASGI servers call: once for their own start and end, and once for each request."""
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": message["type"] + ".complete"})
        return await send({"type": "lifespan.shutdown.complete"})
    query = parse_qs(scope["query_string"].decode())
    seconds = float(query.get("seconds", ["0"])[0])
    await asyncio.sleep(seconds)
    loop = type(asyncio.get_running_loop())
    body = json.dumps({"slept": seconds, "loop": f"{loop.__module__}.{loop.__name__}"})
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"application/json")],
        }
    )
    await send({"type": "http.response.body", "body": body.encode()})


if __name__ == "__main__":
    import uvicorn

    parser = argparse.ArgumentParser(description="Serve a web application.")
    parser.add_argument("--port", type=int, default=8000, help="(default: 8000)")
    uvicorn.run(app, port=parser.parse_args().port, loop="phaseloop:new_event_loop")
