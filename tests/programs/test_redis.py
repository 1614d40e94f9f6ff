"""redis-py against a Redis server."""


def test_redis(way, run, redis, certificate):
    printed = run(
        way,
        "redis_program.py",
        redis.port,
        redis.tls_port,
        redis.path,
        certificate / "authority.pem",
    )
    assert printed == [
        "over_tcp",
        "over_tls",
        "over_unix_socket",
        "fifty_at_once",
        "one_connection_for_many",
        "pipelines",
        "watched_transaction",
        "publishing",
        "blocked_and_cancelled",
        "timed_out",
        "refused",
    ]
    assert redis.ask("get", "left by the program") == "ä" * 10 + "\n"
    assert redis.ask("client", "list", "type", "normal").count("\n") == 1  # redis-cli itself
