#!/usr/bin/env python3
"""Run CPython's own test_asyncio against a replacement event loop / Task / Future.

    run_conformance.py --factory asyncio:SelectorEventLoop
    run_conformance.py --factory uvloop:new_event_loop --path FOLDER_WITH_UVLOOP
    run_conformance.py --factory lib:new_event_loop --task lib:Task --future lib:Future
    run_conformance.py --install lib:install              # a callable that patches asyncio itself

The driver may be run by any Python >= 3.11; the tests run in --python (default: sys.executable),
which must have the `test` package (Debian: libpythonX.Y-testsuite).

How the hooks work (all applied in the child BEFORE the test module is imported):

 H1 policy      DefaultEventLoopPolicy._loop_factory = factory, so that every
                asyncio.new_event_loop(), IsolatedAsyncioTestCase, asyncio.run()
                and Runner() without loop_factory builds the replacement loop.
                (tearDownModule() of nearly all test modules calls
                set_event_loop_policy(None), hence the class attribute and not
                a policy instance.)
 H2 classes     asyncio.SelectorEventLoop / asyncio.EventLoop (3.13+) become a
                class whose __new__ returns factory(); covers create_event_loop(),
                new_loop() and `loop_factory = asyncio.EventLoop` (3.14+) written
                into the test classes.  Subclasses of it still get the real class.
 H3 names       asyncio.{Task,Future}, asyncio.tasks.{Task,_CTask},
                asyncio.futures.{Future,_CFuture} = replacement; test classes
                pick these up as Task/Future/cls class attributes at import.
 H4 install     an arbitrary "module:function" called first.
 H5 harness     test_utils.TestCase.close_loop() reads loop._default_executor;
                loops without that private attribute get a public-API version.

Each class runs in its own process; the child reports every test as it starts
and ends, so a hang or a segfault costs one test: the driver records TIMEOUT or
CRASH for it and starts a new child for the rest of the class.
"""

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

MODULES = """
test_base_events test_buffered_proto test_context test_eager_task_factory
test_events test_free_threading test_futures test_futures2 test_graph test_locks
test_pep492 test_protocols test_queues test_runners test_selector_events
test_sendfile test_server test_server_context test_sock_lowlevel test_ssl
test_sslproto test_staggered test_streams test_subprocess test_taskgroups
test_tasks test_threads test_timeouts test_tools test_transports
test_unix_events test_waitfor
""".split()

# Classes that test the internals of the stdlib's own pure-Python loop or
# transports with mocks; a replacement cannot be hooked into them.
INTERNAL = {
    "test_base_events": {
        "BaseEventTests",
        "BaseEventLoopTests",
        "TestSelectorUtils",
        "BaseLoopSockSendfileTests",
    },
    "test_selector_events": None,  # None: the whole module
    "test_transports": None,
    "test_protocols": None,
    "test_tools": None,
    "test_unix_events": {
        "SelectorEventLoopSignalTests",
        "UnixReadPipeTransportTests",
        "UnixWritePipeTransportTests",
        "AbstractChildWatcherTests",
        "BaseChildWatcherTests",
        "SafeChildWatcherTests",
        "FastChildWatcherTests",
        "PolicyTests",
    },
    "test_subprocess": {"SubprocessTransportTests"},
    "test_events": {"AbstractEventLoopTests", "PolicyTests", "TestAbstractServer"},
    "test_sslproto": {"SslProtoHandshakeTests"},
}
# Same test bodies as the EPoll variant, only another selector
DUPLICATES = {"SelectEventLoopTests", "PollEventLoopTests", "SelectorEventLoopTests_"}

CHILD = Path(__file__).with_name("conformance_child.py")
STATUSES = ("pass", "fail", "error", "timeout", "crash", "skip", "xfail")
BAD = STATUSES[1:5]
ROW = "{:22} {:38} {:>5} {:>5} {:>4} {:>4} {:>4} {:>4} {:>5} {:>6}  {}"


# --- children -------------------------------------------------------------------------------------


def child_config(options, module, **more):
    return dict(
        module=module,
        factory=options.factory,
        install=options.install,
        task=options.task,
        future=options.future,
        path=[os.path.abspath(p) for p in options.path],
        timeout=options.timeout,
        warnings=options.warnings,
        strict=options.strict,
        **more,
    )


def spawn(options, config, log):
    environment = dict(os.environ)
    environment.pop("PYTHONPATH", None)
    environment.update(pair.split("=", 1) for pair in options.env)
    environment["RUN_CONFORMANCE_CFG"] = json.dumps(config)
    with open(log, "w") as output:
        return subprocess.Popen(
            [*shlex.split(options.python), *options.pyopts.split(), str(CHILD)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            cwd=options.cwd,
        )


def kill(process):
    for number in (signal.SIGABRT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(3)
            return
        except subprocess.TimeoutExpired:
            pass


def events(file):
    """What a child reported; its last line may be cut off."""
    for line in file.read_text().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


class Job:
    """The tests of one class, in as many child processes as crashes and hangs make it need."""

    def __init__(self, options, planned, folder):
        self.options, self.planned, self.folder = options, planned, folder
        self.todo = planned.tests
        self.results = {}
        self.loops = 0
        self.children = 0
        self.seconds = 0.0
        self.start()

    def start(self):
        self.children += 1
        module, cls = self.planned.module, self.planned.cls
        name = f"{module}.{cls}.{self.children}"
        self.out, self.log = self.folder / f"{name}.jsonl", self.folder / f"{name}.log"
        self.out.write_text("")
        config = child_config(
            self.options, module, do="run", cls=cls, tests=self.todo, out=str(self.out)
        )
        self.process = spawn(self.options, config, self.log)
        self.started = self.last_sign = time.monotonic()
        self.size = 0

    def poll(self):
        """True when the class is finished."""
        now = time.monotonic()
        size = self.out.stat().st_size
        if size != self.size:
            self.size, self.last_sign = size, now
        hung = now - self.last_sign > self.options.timeout + 15
        code = self.process.poll()
        if code is None and not hung:
            return False
        if code is None:
            kill(self.process)
            code = self.process.wait()
        self.seconds += now - self.started
        running, fixture = self.collect()
        tail = self.log.read_text(errors="replace")[-3000:]
        if running is not None:
            status = "timeout" if hung or "Timeout (" in tail else "crash"
            self.results[running] = failure(running, status, f"rc={code}\n{tail}")
        self.todo = [test for test in self.todo if test not in self.results]
        if self.todo and running is not None and self.children < self.options.restarts:
            self.start()
            return False
        detail = fixture or f"not reached: rc={code}\n{tail}"
        self.results.update((test, failure(test, "error", detail)) for test in self.todo)
        return True

    def collect(self):
        """Takes in what the child reported: the test it died in and what failed around tests."""
        running = fixture = None
        for event in events(self.out):
            match event["ev"]:
                case "start":
                    running = event["id"]
                case "end":
                    self.results[event["id"]] = event
                    self.loops += event["loops"]
                    running = None
                case "fixture":
                    fixture = event["detail"]
                case "fixture_skip":
                    for test in self.todo:
                        skipped = failure(test, "skip", event["detail"])
                        self.results.setdefault(test, skipped)
        return running, fixture


def failure(test, status, detail):
    return {"id": test, "st": status, "detail": detail, "t": 0, "loops": 0}


# --- what to run ----------------------------------------------------------------------------------


class Planned(NamedTuple):
    module: str
    cls: str
    tests: list[str]
    hooks: list[str]


class Plan:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.classes, self.notes = [], []
        self.private = self.excluded = 0
        for module in options.modules.split(",") if options.modules else MODULES:
            if options.all or INTERNAL.get(module, ()) is not None:
                self.add_module(module)
        self.classes.sort(key=lambda planned: -len(planned.tests))  # longest first

    def add_module(self, module):
        out, log = self.folder / f"{module}.list", self.folder / f"{module}.list.log"
        out.write_text("")
        config = child_config(self.options, module, do="list", out=str(out))
        process = spawn(self.options, config, log)
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            kill(process)
        found = list(events(out))
        if not found:
            tail = log.read_text(errors="replace")[-500:]
            self.notes.append(f"{module}: child died while listing: {tail}")
        for event in found:
            if event["ev"] == "class":
                self.add_class(module, event)
            elif self.options.modules or "No module named 'test.test_asyn" not in event["detail"]:
                self.notes.append(f"{module}: {event['detail']}")

    def add_class(self, module, event):
        options, name = self.options, event["name"]
        if not options.all and (name in (INTERNAL.get(module) or ()) or name in DUPLICATES):
            return
        if options.classes and not re.search(options.classes, f"{module}.{name}"):
            return
        self.private += len(event["private"])
        tests = event["tests"]
        if options.public_only and "Task=" not in " ".join(event["hooks"]):
            tests = [test for test in tests if test not in event["private"]]
        kept = [test for test in tests if not self.is_excluded(f"{module}.{name}.{test}")]
        self.excluded += len(tests) - len(kept)
        if kept:
            self.classes.append(Planned(module, name, kept, event["hooks"]))

    def is_excluded(self, key):
        return any(re.search(pattern, key) for pattern in self.options.skip)

    def show(self):
        for module, cls, tests, hooks in self.classes:
            print(f"{module:24} {cls:42} {len(tests):4}  {' '.join(hooks)}")
            if self.options.v:
                print(*(f"    {module}.{cls}.{test}" for test in tests), sep="\n")
        total = sum(len(planned.tests) for planned in self.classes)
        print(
            f"total {len(self.classes)} classes {total} tests; {self.excluded} excluded;", end=" "
        )
        print(f"{self.private} tests touch private loop parts")
        print(*(f"note: {note}" for note in self.notes), sep="\n")


def read_exclusions(file):
    """Regular expressions on Module.Class.test, one a line, each with its reason after a '#'."""
    patterns = []
    for number, line in enumerate(Path(file).read_text().splitlines(), 1):
        pattern, mark, reason = line.partition("  #")
        if not line.strip() or line.startswith("#"):
            continue
        if not (mark and reason.strip()):
            sys.exit(f"{file}:{number}: an exclusion needs a reason: REGEX  # reason")
        patterns.append(pattern.strip())
    return patterns


# --- running and reporting ------------------------------------------------------------------------


def run(options, plan, folder):
    running, finished, waiting = [], [], list(reversed(plan.classes))
    while waiting or running:
        while waiting and len(running) < options.j:
            running.append(Job(options, waiting.pop(), folder))
        for job in list(running):
            if job.poll():
                running.remove(job)
                finished.append(job)
        time.sleep(0.05)
    return sorted(finished, key=lambda job: (job.planned.module, job.planned.cls))


def report(options, plan, jobs):
    """Prints the table and what did not pass; returns how many those are."""
    baseline = json.loads(Path(options.baseline).read_text())["tests"] if options.baseline else None
    totals, results, bad = Counter(), {}, []
    print(ROW.format(*"module class loops pass fail err t/o crsh skip secs hooks".split()))
    for job in jobs:
        module, cls, _, hooks = job.planned
        counts = Counter(result["st"] for result in job.results.values())
        totals += counts
        for test, result in job.results.items():
            key = f"{module}.{cls}.{test}"
            results[key] = {name: result[name] for name in ("st", "t", "detail")}
            if result["st"] in BAD and (
                baseline is None or baseline.get(key, {}).get("st") in ("pass", None)
            ):
                bad.append((key, result))
        columns = [counts[status] for status in STATUSES[:6]]
        print(ROW.format(module, cls, job.loops, *columns, f"{job.seconds:.1f}", " ".join(hooks)))
    columns = [totals[status] for status in STATUSES[:6]]
    print(ROW.format("TOTAL", f"{len(jobs)} classes", "", *columns, "", "").rstrip())
    print(*(f"note: {note}" for note in plan.notes), sep="\n", end="\n" if plan.notes else "")
    if plan.excluded:
        print(f"excluded, with reasons: {plan.excluded}")
    if bad:
        show_bad(bad, baseline is not None, options.v)
    if options.json:
        content = {"args": vars(options), "totals": totals, "tests": results}
        Path(options.json).write_text(json.dumps(content, indent=1))
    return len(bad)


def show_bad(bad, against_baseline, verbose):
    print(f"\nnot passing{' (passing in the baseline)' if against_baseline else ''}: {len(bad)}")
    for key, result in bad:
        lines = [line for line in result["detail"].strip().splitlines() if line.strip()]
        print(f"  {result['st'].upper():8} {key:90} {lines[-1][:160] if lines else ''}")
        if verbose:
            print("      " + result["detail"].replace("\n", "\n      "))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--python",
        default=shlex.quote(sys.executable),
        help="interpreter (may be a command with arguments)",
    )
    add("--pyopts", default="")
    add("--factory", help="module:callable building a loop")
    add("--install", help="module:callable run first in the child")
    add("--task")
    add("--future")
    add("--path", action="append", default=[], help="prepended to sys.path in the child")
    add("--env", action="append", default=[], help="NAME=VALUE for the child")
    add("--modules", help="comma list (default: all)")
    add("--classes", help="regex on Module.Class")
    add("--skip", action="append", default=[], help="regex on Module.Class.test, not run")
    add("--exclusions", help="file of such regexes, each with its reason: REGEX  # reason")
    add("--public-only", action="store_true", help="no tests of private stdlib parts (PRIVATE)")
    add("--all", action="store_true", help="also tests of stdlib internals and select/poll twins")
    add("--timeout", type=float, default=60, help="seconds per test")
    add("--restarts", type=int, default=25, help="children per class after hangs/crashes")
    add("-j", type=int, default=2)
    add("--json", help="write all results here")
    add("--baseline", help="JSON of an earlier run: report only what passes there and not here")
    add("--warnings", action="store_true")
    add("--strict", action="store_true", help="do not adapt the harness close_loop() (H5)")
    add("--cwd")
    add("-v", action="store_true", help="print details of everything that did not pass")
    add("--list", action="store_true")
    return parser.parse_args()


def main():
    options = parse_arguments()
    if options.exclusions:
        options.skip += read_exclusions(options.exclusions)
    with tempfile.TemporaryDirectory(prefix="conformance.") as name:
        folder = Path(name)
        plan = Plan(options, folder)
        if options.list:
            plan.show()
            return 0
        if not plan.classes:
            print(*plan.notes, "no test to run", sep="\n")
            return 1
        return 1 if report(options, plan, run(options, plan, folder)) else 0


if __name__ == "__main__":
    sys.exit(main())
