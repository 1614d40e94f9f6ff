"""Whether a loop has methods of the program's own in the place of those native code goes around.

A task's step, a timer or a transport does natively what asyncio does through the loop's methods:
call_soon(), time(), _add_reader() and many more. A subclass, a tracer or a test that has put
something of its own in such a method's place is to see every call, so its loop runs asyncio's own
code (bindings/loop/stock_mode.h). This module tells: it remembers what the loop's classes, and
asyncio's handles, had in them when phaseloop was imported.
"""

from . import _stock

events = _stock.Module("events")

# Called by name whoever calls them: what is in their place is called as it is.
_CALLED_BY_NAME = frozenset(
    """
    add_reader add_signal_handler add_writer call_exception_handler close connect_accepted_socket
    connect_read_pipe connect_write_pipe create_connection create_datagram_endpoint create_server
    create_unix_connection create_unix_server default_exception_handler get_exception_handler
    get_task_factory getaddrinfo getnameinfo is_closed is_running remove_reader
    remove_signal_handler remove_writer run_forever run_in_executor run_until_complete sendfile
    set_debug set_default_executor set_exception_handler set_task_factory shutdown_asyncgens
    shutdown_default_executor sock_accept sock_connect sock_recv sock_recv_into sock_recvfrom
    sock_recvfrom_into sock_sendall sock_sendfile sock_sendto start_tls stop subprocess_exec
    subprocess_shell
    """.split()
)
# Native code asks whether there is something in their place.
_ASKED = ("create_future", "create_task")
_HANDLE_CLASSES = [
    _stock.get(events, name)
    for name in ("Handle", "TimerHandle", "_ThreadSafeHandle")
    if _stock.get(events, name)
]

WATCHED = frozenset()  # names that make a loop look at itself when they are set on an object
_hard = frozenset()
_known = {}  # {class: {name: value}}
_asked = {}
_verdicts = {}  # {class version: judge()}
_VERDICTS_MAX = 64


def remember(loop_class, attributes):
    """Take note of what the class and its bases have now; `attributes` are names of instances'."""
    global WATCHED, _hard
    names = {name for kind in loop_class.__mro__[:-1] for name in vars(kind)}
    names = {name for name in names if not name.startswith("__")} - _CALLED_BY_NAME
    _hard = frozenset(names | set(attributes)) - set(_ASKED)
    # What is no method, instances have of their own.
    WATCHED = frozenset(name for name in names if callable(getattr(loop_class, name, None)))
    for kind in loop_class.__mro__[:-1]:
        _known[kind] = _watched_in(kind)
    for kind in _HANDLE_CLASSES:
        _known[kind] = dict(vars(kind))
    _asked.update({name: getattr(loop_class, name) for name in _ASKED})


def judge(loop, version):
    """(plain, create_future overridden, create_task overridden) of a loop."""
    own = vars(loop)
    verdict = _verdicts.get(version) if version is not None else None
    if verdict is None:
        verdict = _judge_class(type(loop))
        if version is not None:
            if len(_verdicts) >= _VERDICTS_MAX:
                _verdicts.clear()
            _verdicts[version] = verdict
    plain, future, task = verdict
    return (
        plain and not WATCHED.intersection(own).difference(_ASKED) and not _handles_changed(),
        future or "create_future" in own,
        task or "create_task" in own,
    )


def _judge_class(kind):
    plain = not any(map(_changed, kind.__mro__))
    return (plain, *(getattr(kind, name) is not _asked[name] for name in _ASKED))


def _handles_changed():
    return any(map(_changed, _HANDLE_CLASSES))


def _watched_in(kind):
    return {name: value for name, value in vars(kind).items() if name in _hard}


def _changed(kind):
    """Whether a class has a watched name that it did not have, or another value, or lacks one."""
    if kind is object:
        return False
    known = _known.get(kind, {})
    now = dict(vars(kind)) if kind in _HANDLE_CLASSES else _watched_in(kind)
    return now.keys() != known.keys() or any(now[name] is not known[name] for name in now)
