"""Tornado's coroutines, callbacks, streams and processes; its server is in test_sites.py."""


def test_tornado(way, run):
    assert run(way, "tornado_program.py")[-1] == "done"
