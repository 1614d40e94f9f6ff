"""Loops that run asyncio's own code, and what asyncio's private attributes show of native ones.

asyncio's loop is three containers and the code that moves handles between them. Ours has them in
C++, and shows them when somebody looks: what is read is made there and then; who changes something
has the loop change to asyncio's own code first, whose containers they are from then on.
"""

import collections
import heapq
import operator
import selectors
import threading
import weakref

from . import _overrides, _stock

base_events, events = map(_stock.Module, ("base_events", "events"))


class StockMixin:
    """How a loop comes to run asyncio's own code, and asyncio's private attributes."""

    _own_selector = _base_selector = None
    _shown_timers = None  # a weak reference to the list of timers that was handed out
    _kept_timers = None  # that list, until the loop has looked whether heapq changed it
    _handed_over = None  # what has left the native loop so far, while it becomes asyncio's
    # An attribute: a loop may be collected when the globals of modules are gone.
    _close_base = staticmethod(base_events.BaseEventLoop.close)

    def _settle(self):
        """Look at the loop's class and object; asyncio's code if a method is the program's own."""
        if self._stock:
            return
        version = self._class_version()
        plain, own_future, own_task = _overrides.judge(self, version)
        shown = self._shown_timers and self._shown_timers()
        self._kept_timers = None
        if shown is not None and shown._was_changed():
            self._take_timers_from(shown)
        elif not plain or version is None:
            self._become_stock()
        else:
            self._trust(version, own_future, own_task)
            if shown is not None:
                self._look_again_soon()
            else:
                self._shown_timers = None

    def _take_timers_from(self, shown):
        """A list of timers that was handed out has been changed, by heapq perhaps."""
        self._become_stock()
        before, after = shown._shown, list.copy(shown)
        timers = self._own_scheduled
        gone = [handle for handle in before if not _has(after, handle)]
        timers[:] = [handle for handle in timers if not _has(gone, handle)]
        timers.extend(handle for handle in after if not _has(before, handle))
        heapq.heapify(timers)

    def _become_stock(self, selector=None):
        """Run asyncio's own code from now on, on what is scheduled and watched now."""
        if self._stock or self._closed:
            return
        self._check_own_thread()
        self._kept_timers = None
        # Each step either fails and has changed nothing, or is not taken again: whoever finds no
        # memory for all of them goes on at the next attempt.
        selector = selector or self._real_selector()
        if not self._has_self_pipe():
            self._make_self_pipe_as_new()
        if self._handed_over is None:
            serve = events.Handle(self._serve_native, (), self, None)
            _register(selector, self._poller_descriptor(), (serve, None))
            self._handed_over = [], [], []
        ready, timers, watched = self._handed_over
        self._hand_over(ready, timers, watched)
        _move(ready, self._own_ready)
        _move(timers, self._own_scheduled)
        heapq.heapify(self._own_scheduled)
        for fd, reader, writer in watched:
            _register(selector, fd, (reader, writer))
        self._own_selector = selector
        self._enter_stock_mode()
        self._handed_over = None

    def _make_self_pipe_as_new(self):
        """asyncio's loop has its pipe before anything on the object could have been replaced."""
        attributes = vars(self)
        replaced = attributes.pop("_add_reader", None)
        descriptors = self._internal_fds
        try:
            self._make_self_pipe()
        except BaseException:
            for name in attributes.keys() & {"_ssock", "_csock"}:
                attributes.pop(name).close()
            self._internal_fds = descriptors
            raise
        finally:
            if replaced is not None:
                attributes["_add_reader"] = replaced

    def _real_selector(self):
        """What a view of the native loop's watching stands for once the loop is native no more."""
        if self._base_selector is None:
            self._base_selector = new_selector(self)
        return self._base_selector

    def _check_own_thread(self):
        if self._thread_id not in (None, threading.get_ident()):
            raise RuntimeError("a running loop can be changed from its own thread only")

    def _call_stock_soon(self, callback):
        """call_soon() of asyncio's own, whatever stands under that name."""
        self._own_ready.append(events.Handle(callback, (), self, None))

    @property
    def _ready(self):
        """The handles of what is to run: a deque."""
        self._look_again()
        return self._own_ready if self._stock or self._closed else _Ready(self)

    @_ready.setter
    def _ready(self, value):
        if self._started:
            self._become_stock()
        self._own_ready = value

    @property
    def _scheduled(self):
        """The handles of all timers: a list, in the order of a heap."""
        self._look_again()
        if self._stock or self._closed:
            return self._own_scheduled
        shown = self._shown_timers and self._shown_timers()
        if shown is None:
            shown = _Scheduled(self)
            self._shown_timers = weakref.ref(shown)
        else:
            shown._refresh()
            if self._stock:
                return self._own_scheduled
        self._kept_timers = shown
        self._look_again_soon()
        return shown

    @_scheduled.setter
    def _scheduled(self, value):
        if self._started:
            self._become_stock()
        self._own_scheduled = value

    @property
    def _selector(self):
        """What watches descriptors; None once the loop is closed."""
        self._look_again()
        if self._stock:
            return self._own_selector
        return None if self._closed else SelectorView(self)

    @_selector.setter
    def _selector(self, value):
        if not self._stock and self._started and value is not None:
            self._become_stock(value)
        elif self._stock:
            self._own_selector = value

    def close(self):
        """Close the loop; asyncio's own selector and self-pipe too, if it runs asyncio's code."""
        self._kept_timers = None
        if self._stock:
            super().close()
            if self._base_selector is not None:
                self._base_selector.close()
        else:
            self._close_base(self)

    def _look_again(self):
        """Notice what may have been patched a moment ago."""
        if not self._stock and not self._native and not self._closed and self._started:
            self._settle()


def _move(items, to):
    """Move all of a list to the end of another or of a deque, or none."""
    before = len(to)
    try:
        to.extend(items)
    except MemoryError:
        while len(to) > before:
            to.pop()
        raise
    items.clear()


def _register(selector, fd, handles):
    """What is closed by now is watched no more. What is registered already stays as it is."""
    kinds = (selectors.EVENT_READ, selectors.EVENT_WRITE)
    wanted = sum(kind for kind, handle in zip(kinds, handles, strict=True) if handle)
    try:
        selector.register(fd, wanted, handles)
    except KeyError:
        return
    except (OSError, ValueError):
        for handle in filter(None, handles):
            handle.cancel()


class SelectorView(selectors.DefaultSelector):
    """What a native loop watches, as a selector: who does more than look has the loop change to
    asyncio's own code, whose selector does it.
    """

    def __init__(self, loop):
        # Not the base's: there is no selector of the system behind this one.
        object.__setattr__(self, "_loop", loop)

    def get_key(self, fileobj):
        """The SelectorKey of a descriptor or of an object with fileno(); KeyError: not watched."""
        if self._loop._stock:
            return self._call("get_key", fileobj)
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = self._key(fd)
        if key is None:
            raise KeyError(f"{fileobj!r} is not registered")
        return key

    def get_map(self):
        """A mapping of descriptors to their keys."""
        if self._loop._stock:
            return self._call("get_map")
        return selectors._SelectorMapping(self)

    def _key(self, fd):
        transport = self._loop._transport_of(fd)
        handles = transport._polls() if transport else self._loop._watchers_of(fd)
        kinds = zip((selectors.EVENT_READ, selectors.EVENT_WRITE), handles, strict=True)
        wanted = sum(kind for kind, handle in kinds if handle)
        return selectors.SelectorKey(fd, fd, wanted, handles) if wanted else None

    @property
    def _fd_to_key(self):
        keys = {fd: self._key(fd) for fd in self._loop._watched_descriptors()}
        return {fd: key for fd, key in keys.items() if key is not None}

    def _real(self):
        self._loop._become_stock()
        return self._loop._real_selector()

    def _call(self, name, *arguments):
        # The class's method: what is put on the object may end up here.
        real = self._real()
        return getattr(type(real), name)(real, *arguments)

    def __getattr__(self, name):
        return getattr(self._real(), name)

    def __setattr__(self, name, value):
        setattr(self._real(), name, value)

    def register(self, fileobj, events, data=None):
        """Watch a descriptor."""
        return self._call("register", fileobj, events, data)

    def unregister(self, fileobj):
        """Watch it no more."""
        return self._call("unregister", fileobj)

    def modify(self, fileobj, events, data=None):
        """Watch it for something else."""
        return self._call("modify", fileobj, events, data)

    def select(self, timeout=None):
        """Wait for what is watched."""
        return self._call("select", timeout)

    def fileno(self):
        """The descriptor of the system's selector."""
        return self._call("fileno")

    def close(self):
        """Close the real one, if there is one."""
        if self._loop._stock:
            self._call("close")


# The log says which is used.
SelectorView.__name__ = SelectorView.__qualname__ = selectors.DefaultSelector.__name__


class _VirtualTimeSelector(selectors.DefaultSelector):
    """Nobody waits: when nothing is ready, the loop's time jumps."""

    def __init__(self, loop):
        super().__init__()
        self._advance = loop._advance_time

    def select(self, timeout=None):
        if timeout is None:
            return super().select(None)
        found = super().select(0)
        if not found and timeout > 0:
            self._advance(timeout)
        return found


def new_selector(loop):
    """The selector for a loop that runs asyncio's own code."""
    return _VirtualTimeSelector(loop) if loop._virtual_time else selectors.DefaultSelector()


def _has(handles, handle):
    return any(each is handle for each in handles)


def _changing(base, name):
    def method(self, *args, **kwargs):
        return getattr(self._become_real(), name)(*args, **kwargs)

    method.__name__ = name
    method.__doc__ = getattr(base, name).__doc__
    return method


def _reading(base, name):
    original = getattr(base, name)

    def method(self, *args, **kwargs):
        self._refresh()
        return original(self, *args, **kwargs)

    method.__name__ = name
    method.__doc__ = original.__doc__
    return method


def _shows(base, attribute, make, changing, reading):
    """A subclass of a container that shows what the loop has: filled before it is read, and left
    for the real one when it is changed.
    """

    def __init__(self, loop):
        base.__init__(self)
        self._loop = loop
        self._shown = []
        self._refresh()

    def _was_changed(self):
        now = list(base.__iter__(self))
        return len(now) != len(self._shown) or any(map(operator.is_not, now, self._shown))

    def _refresh(self):
        loop = self._loop
        if not loop._stock and self._was_changed():
            loop._settle()
        handles = list(getattr(loop, attribute) if loop._stock else make(loop))
        if len(handles) == len(self._shown) and not any(map(operator.is_not, handles, self._shown)):
            return
        self._shown = handles
        base.clear(self)
        base.extend(self, handles)

    def _become_real(self):
        self._loop._become_stock()
        return getattr(self._loop, attribute)

    return type(
        base.__name__,
        (base,),
        {
            "__init__": __init__,
            "_refresh": _refresh,
            "_become_real": _become_real,
            "_was_changed": _was_changed,
            "copy": lambda self: base(self),
            "__copy__": lambda self: base(self),
            "__add__": lambda self, other: base(self) + other,
            "__reduce__": lambda self: (base, (list(self),)),
            **{name: _changing(base, name) for name in changing if hasattr(base, name)},
            **{name: _reading(base, name) for name in reading if hasattr(base, name)},
        },
    )


_CHANGING = (
    "__delitem__ __iadd__ __imul__ __setitem__ append appendleft clear extend extendleft insert "
    "pop popleft remove reverse rotate sort"
).split()
_READING = (
    "__contains__ __eq__ __ge__ __getitem__ __gt__ __iter__ __le__ __len__ __lt__ __ne__ "
    "__repr__ __reversed__ count index"
).split()

_Ready = _shows(
    collections.deque, "_ready", lambda loop: loop._ready_handles(), _CHANGING, _READING
)
_Scheduled = _shows(list, "_scheduled", lambda loop: loop._timer_handles(), _CHANGING, _READING)
