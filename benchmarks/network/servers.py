#!/usr/bin/env python3
"""A server to be measured, in the interpreter and on the loop of one runtime.

    servers.py KIND --setup MODULE:FUNCTION [--transport tcp|unix|tls|udp] [--path SOCKET]
               [--cert FILE --key FILE]

Prints "READY ADDRESS", serves until standard input closes, and then prints one line of JSON with
its CPU time and peak memory. If the loop lacks what the server needs, it prints "ABSENT REASON".
"""

import argparse
import asyncio
import json
import os
import resource
import ssl
import sys
import threading
from pathlib import Path

# The setup function may be one of ours, such as network.fastnet:on_uvloop; and this folder's
# modules are not to be found under short names.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from network import kinds, web  # noqa: E402

KINDS = {
    "protocol": kinds.serve_protocol,
    "buffered": kinds.serve_buffered,
    "streams": kinds.serve_streams,
    "sock": kinds.serve_sock,
    "sink": kinds.serve_sink,
    "uvicorn": web.serve_uvicorn,
    "aiohttp": web.serve_aiohttp,
}


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--setup", required=True)
    parser.add_argument("--transport", choices=("tcp", "unix", "tls", "udp"), default="tcp")
    parser.add_argument("--path")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    return parser.parse_args()


def server_tls(options):
    """A context for TLS 1.3, or None for the other transports."""
    if options.transport != "tls":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(options.cert, options.key)
    return context


def raise_file_limit():
    """As many open files as the system allows: idle connections come by the thousand."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def exit_when_told():
    """Waits for the end of standard input, reports and ends the process.

    A thread does it, so that nothing is asked of the loop but what is measured; and the process
    ends at once, because how a loop closes is not measured either.
    """
    while os.read(0, 4096):
        pass
    try:
        used = resource.getrusage(resource.RUSAGE_SELF)
        report = {"cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * 1024}
        print(json.dumps(report), flush=True)
    finally:
        os._exit(0)  # also when nobody reads the report any more


async def serve(options):
    wanted = kinds.Wanted(options.transport, options.path, server_tls(options))
    try:
        address, keep = await KINDS[options.kind](wanted)
    except kinds.Lacking as lacking:
        print(f"ABSENT {lacking}", flush=True)
        return
    print(f"READY {address}", flush=True)
    await asyncio.get_running_loop().create_future()
    del keep  # what serves, alive until here


def main():
    options = parse_arguments()
    raise_file_limit()
    try:
        runner = kinds.runner_on(options.setup)
    except kinds.Lacking as lacking:
        print(f"ABSENT {lacking}", flush=True)
        return
    threading.Thread(target=exit_when_told, daemon=True).start()
    with runner:
        runner.run(serve(options))


if __name__ == "__main__":
    main()
