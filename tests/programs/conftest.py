"""What the tests of real programs share: ways to start them, certificates, servers."""

import importlib.util

import pytest
from process import WAYS, Program, program
from servers import Postgres, Redis, Unavailable

if importlib.util.find_spec("trustme") is None:
    raise pytest.UsageError("the programs are not here; ./dev test programs installs them")


@pytest.fixture(params=list(WAYS))
def way(request):
    """Each way to have a program run on phaseloop."""
    return request.param


@pytest.fixture
def start(tmp_path):
    """start(command, quiet=…, environment=…): a Program, which is gone when the test ends."""
    started = []

    def start(command, **options):
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Program(command, folder, **options))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture
def run(start):
    """run(way, name, argument…): a program of apps/ to its end; the lines that it printed."""

    def run(way, name, *arguments, **options):
        ran = start(program(way, name, *arguments), **options)
        assert ran.end() == 0, ran
        return ran.stdout.split("\n")[:-1]

    return run


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A folder with key.pem and certificate.pem for localhost and 127.0.0.1, and authority.pem."""
    import trustme

    folder = tmp_path_factory.mktemp("certificate")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    with (folder / "certificate.pem").open("wb") as chain:
        for part in issued.cert_chain_pems:
            chain.write(part.bytes())
    return folder


def _served(kind, certificate):
    try:
        server = kind(certificate)
    except Unavailable as reason:
        pytest.skip(str(reason))
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis(certificate):
    yield from _served(Redis, certificate)


@pytest.fixture(scope="session")
def postgres(certificate):
    yield from _served(Postgres, certificate)
