"""websockets, both sides of the connection."""


def test_websockets(way, run, certificate):
    assert run(way, "websockets_program.py", certificate)[-1] == "done"
