"""Loops that the tests of the network benchmarks have measured, by "network_loops:NAME"."""

import asyncio


class WithoutServers(asyncio.SelectorEventLoop):
    """As a loop that is not finished yet: it schedules, but has no network and no processes."""

    async def create_server(self, *arguments, **options):
        raise NotImplementedError

    async def create_datagram_endpoint(self, *arguments, **options):
        raise NotImplementedError

    async def sock_accept(self, listener):
        raise NotImplementedError

    async def subprocess_exec(self, *arguments, **options):
        raise NotImplementedError
