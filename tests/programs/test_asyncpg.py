"""asyncpg against a PostgreSQL server."""


def test_asyncpg(way, run, postgres, certificate):
    authority = certificate / "authority.pem"
    printed = run(way, "asyncpg_program.py", "localhost", postgres.port, postgres.folder, authority)
    assert printed[-1] == "done"
