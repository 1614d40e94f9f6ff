"""What hostile programs are made of: objects that run code of their own, and what is left alone."""

import asyncio
import types

# What ends, blocks or replaces the process by design, on stock asyncio, too.
NOT_CALLED = {
    # these wait for a thread or a process, or for ever
    "run_forever": "blocks",
    "run_until_complete": "blocks",
    "_run_once": "blocks where nothing is ready",
    "run": "blocks",
    "shutdown_default_executor": "waits for threads",
    "shutdown_asyncgens": "only delegates to the program's generators",
    "run_in_executor": "threads that outlive the program",
    "set_default_executor": "as above",
    "getaddrinfo": "a thread that asks the network",
    "getnameinfo": "as above",
    "_getaddrinfo_debug": "as above",
    # these start processes, or change what belongs to the process
    "subprocess_exec": "starts programs",
    "subprocess_shell": "starts programs",
    "create_subprocess_exec": "starts programs",
    "create_subprocess_shell": "starts programs",
    "_make_subprocess_transport": "starts programs",
    "add_signal_handler": "the process's own signals",
    "remove_signal_handler": "as above",
    "_handle_signal": "as above",
    "connect_read_pipe": "takes descriptors of the process, 0 to 2 among them",
    "connect_write_pipe": "as above",
    "print_exception": "ends the process if it is a SystemExit",
    "note_interrupt": "ends the process",
    "parse_command_line": "pybind11 and CLI11 alone",
    "set_task_attribute": "changes the class Task for the rest of the program",
    "uninstall": "changes asyncio for the rest of the program",
    "set_event_loop_policy": "as above",
    "_set_running_loop": "changes the thread for the rest of the program",
    "breakpoint": "waits for a terminal",
    "__reduce__": "pickles nothing of ours",
    "__subclasshook__": "abc's own",
    # CPython itself crashes, stock asyncio included
    "_swap_current_task": "3.14: _asyncio trusts its arguments",
    "_enter_task": "as above",
    "_leave_task": "as above",
}
ODD_NAMES = ("_loop", "_args", "_callback", "_context", "_waiters", "_protocol", "_queue", "_tasks")
SKIPPED_TYPES = (type, types.ModuleType, types.FrameType, types.FunctionType, types.CodeType)


class Hostile:
    """An object whose special methods take a step of the program."""

    def __init__(self, program):
        self.program = program

    def _act(self):
        self.program.inner()

    def __eq__(self, other):
        self._act()
        return self.program.inner_random.random() < 0.5

    def __hash__(self):
        self._act()
        return 1

    def __bool__(self):
        self._act()
        return True

    def __len__(self):
        self._act()
        return 3

    def __index__(self):
        self._act()
        return 1

    def __float__(self):
        self._act()
        return 0.001

    def __iter__(self):
        self._act()
        return iter(self.program.some(3))

    def __lt__(self, other):
        self._act()
        return True

    def __call__(self, *args, **keywords):
        self._act()
        return self

    def __await__(self):
        self._act()
        yield None
        self._act()
        return self

    def __del__(self):
        self._act()

    def __add__(self, other):
        self._act()
        return other

    __radd__ = __add__

    def __buffer__(self, flags):
        self._act()
        return memoryview(bytearray(b"hostile"))

    def __str__(self):
        self._act()
        return "hostile"

    __repr__ = __str__

    def fileno(self):
        self._act()
        return self.program.pair[0].fileno()


class HostileTuple(tuple):
    """A tuple that is none."""

    __slots__ = ()


class HostileProtocol(asyncio.Protocol):
    """A protocol that takes steps."""

    def __init__(self, program):
        self.program = program

    def connection_made(self, transport):
        self.program.keep(transport)
        self.program.inner()

    def data_received(self, data):
        self.program.inner()

    def eof_received(self):
        self.program.inner()
        return self.program.inner_random.random() < 0.5

    def pause_writing(self):
        self.program.inner()

    def resume_writing(self):
        self.program.inner()

    def connection_lost(self, exc):
        self.program.inner()

    def datagram_received(self, data, addr):
        self.program.inner()

    def error_received(self, exc):
        self.program.inner()
