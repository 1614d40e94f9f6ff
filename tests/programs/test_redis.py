"""redis-py against a Redis server."""


def test_redis(way, run, redis, certificate):
    authority = certificate / "authority.pem"
    printed = run(way, "redis_program.py", redis.port, redis.tls_port, redis.path, authority)
    assert printed[-1] == "done"
    assert redis.ask("get", "left by the program") == "ä" * 10 + "\n"
    assert redis.ask("client", "list", "type", "normal").count("\n") == 1  # redis-cli itself
