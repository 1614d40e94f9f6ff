"""An echo server and its client over TLS.

    python3 examples/tls_echo.py CERTIFICATE KEY

The certificate must be for localhost. To make one for trying this out:

    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost \\
        -addext subjectAltName=DNS:localhost -keyout key.pem -out certificate.pem
"""

import argparse
import asyncio
import ssl

import phaseloop


async def echo(reader, writer):
    async for line in reader:
        writer.write(line)
        await writer.drain()
    writer.close()


async def main(certificate, key):
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(certificate, key)
    server = await asyncio.start_server(echo, "localhost", 0, ssl=ours)

    theirs = ssl.create_default_context(cafile=certificate)  # trusts this certificate alone
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("localhost", port, ssl=theirs)
    connection = writer.get_extra_info("ssl_object")
    print(connection.version(), connection.cipher()[0])
    writer.write(b"hello\n")
    print((await reader.readline()).decode().strip())
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Echo over TLS.")
    parser.add_argument("certificate", help="a file in PEM format, for localhost")
    parser.add_argument("key", help="its private key, in PEM format")
    arguments = parser.parse_args()
    phaseloop.run(main(arguments.certificate, arguments.key))
