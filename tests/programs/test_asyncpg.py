"""asyncpg against a PostgreSQL server."""


def test_asyncpg(way, run, postgres, certificate):
    printed = run(
        way,
        "asyncpg_program.py",
        "localhost",
        postgres.port,
        postgres.folder,
        certificate / "authority.pem",
    )
    assert printed == [
        "over_tcp",
        "over_tls",
        "over_unix_socket",
        "transactions",
        "cursors",
        "copying",
        "notifications",
        "cancelled_query",
        "timed_out_query",
        "pooled",
        "broken_off",
        "refused",
    ]
