"""Runs one program on one runtime and gives its transcript: what it did, line by line.

    python harness.py RUNTIME TOPIC.PROGRAM     print one transcript
    python harness.py RUNTIME --list            print the programs there are
    python harness.py RUNTIME                   answer requests on stdin: one name a line in,
                                                one JSON object a line out

Runtimes: `asyncio` is the interpreter's own; `native` has phaseloop's loops and stock names;
`installed` is after phaseloop.install(); `foreign` has the native names on asyncio's own loops.

Each program runs in a fork of a process that has everything imported: no program sees what another
one left behind, a crash costs one transcript, and a few hundred programs take seconds.
"""

import asyncio
import faulthandler
import gc
import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

RUNTIMES = ("asyncio", "native", "installed", "foreign")
SECONDS_AT_MOST = 25  # one program; those that hang show where, and fail


def enter(runtime):
    """Prepare this process for the runtime. Returns its loop factory."""
    if runtime == "asyncio":
        return asyncio.SelectorEventLoop
    import phaseloop

    if runtime == "native":
        return phaseloop.new_event_loop
    stock = asyncio.SelectorEventLoop
    phaseloop.install()
    return asyncio.new_event_loop if runtime == "installed" else stock


def transcript_of(program, new_loop):
    """The lines that the program gives, in this very process."""
    from transcript import Transcript

    # In which order what is left is finalised depends on the collections that there were before:
    # there are those alone that a program asks for.
    gc.disable()
    transcript = Transcript(new_loop)
    with transcript.recording():
        try:
            program(transcript)
        except BaseException as exc:
            transcript("program ended by", exc)
        transcript.clean_up()
    return transcript.lines


def in_child(work):
    """What `work` returns, from a fork: {"lines": …}, or {"status": …} if it got no further."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            faulthandler.dump_traceback_later(SECONDS_AT_MOST, exit=True)
            with open(writing, "w") as answer:
                json.dump({"lines": work()}, answer)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading) as answer:
        text = answer.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status or not text:
        name = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return {"status": name}
    return json.loads(text)


def serve(programs, new_loop):
    """Answer requests until stdin ends. What programs print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print("ready", file=answers, flush=True)
    for request in sys.stdin:
        program = programs[request.strip()]
        answer = in_child(lambda program=program: transcript_of(program, new_loop))
        print(json.dumps(answer), file=answers, flush=True)


def main(runtime, name=None):
    from registry import load

    faulthandler.enable()
    programs = load()
    if name == "--list":
        print("\n".join(programs))
        return
    new_loop = enter(runtime)
    if name is None:
        serve(programs, new_loop)
    else:
        print("\n".join(transcript_of(programs[name], new_loop)))


if __name__ == "__main__":
    main(*sys.argv[1:])
