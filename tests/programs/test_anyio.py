"""anyio."""


def test_anyio(way, run, certificate):
    # What development mode says of a cancelled process.
    killed = r"Close running child process: kill .*"
    assert run(way, "anyio_program.py", certificate, quiet=killed)[-1] == "done"
