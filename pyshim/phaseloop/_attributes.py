"""The attributes of instances where asyncio's classes keep them: for copy, pickle, vars().

An instance of a class with a native core has part of its attributes in the core. An instance of
asyncio's class has all of them in its `__dict__`, where copy and pickle find them, and subclasses
with a `__getstate__()` of their own. So the classes here have a `__dict__` that shows all
attributes, writes through, and has the order of asyncio's.
"""

import copyreg
import dis
import functools
import sys
from collections.abc import MutableMapping
from types import GetSetDescriptorType

_MISSING = object()


class Attributes(dict):
    """All attributes of an instance, as they are now; a change here changes the instance."""

    __slots__ = ("_fields", "_instance", "_rest")

    def __init__(self, instance, fields, order, rest):
        self._instance, self._fields, self._rest = instance, fields, rest
        for name in order:
            value = (
                getattr(instance, name, _MISSING) if name in fields else rest.get(name, _MISSING)
            )
            if value is not _MISSING:
                super().__setitem__(name, value)
        for name, value in rest.items():
            super().__setitem__(name, value)
        for name in fields.difference(order):
            # asyncio's instances have these once they are set: until then the class's value counts.
            value = getattr(instance, name, None)
            if value is not None and value is not False:
                super().__setitem__(name, value)

    def __setitem__(self, name, value):
        if name in self._fields:
            setattr(self._instance, name, value)
        else:
            self._rest[name] = value
        super().__setitem__(name, value)

    def __delitem__(self, name):
        if name not in self:
            raise KeyError(name)
        if name in self._fields:
            delattr(self._instance, name)
        else:
            del self._rest[name]
        super().__delitem__(name)

    def __ior__(self, other):
        self.update(other)
        return self

    def __reduce__(self):
        return dict, (dict(self),)

    def copy(self):
        """A dict of its own."""
        return dict(self)

    def pop(self, name, default=_MISSING):
        """Take an attribute away and return it; raises KeyError if there is neither it nor a
        default.
        """
        if name not in self and default is not _MISSING:
            return default
        value = self[name]
        del self[name]
        return value

    def popitem(self):
        """Take the last one away and return (name, value)."""
        if not self:
            raise KeyError("popitem(): dictionary is empty")
        name = next(reversed(self))
        return name, self.pop(name)

    update = MutableMapping.update
    setdefault = MutableMapping.setdefault
    clear = MutableMapping.clear


def _native_fields(cls):
    """The names of the attributes that the class has in native cores."""
    return {
        name
        for kind in cls.__mro__
        if kind.__module__ == "phaseloop._native"
        for name, value in vars(kind).items()
        if isinstance(value, GetSetDescriptorType)
    }


def _set_by(function, kinds, after):
    """The names that the function of the first of these classes sets in an instance, in order, the
    initialisers that it calls included. `after`: the classes that super() leads to.
    """
    for at, kind in enumerate(after):
        if function not in vars(kind):
            continue
        code = getattr(vars(kind)[function], "__code__", None)
        for step in dis.get_instructions(code) if code else ():
            if step.opname == "STORE_ATTR":
                yield step.argval
            elif step.argval in ("__init__", "_init") and step.opname.startswith("LOAD_"):
                is_super = step.argval == function
                yield from _set_by(step.argval, kinds, after[at + 1 :] if is_super else kinds)
        return


def _slots_of(instance):
    """What the instance has in `__slots__` of its class's, by name."""
    names = copyreg._slotnames(type(instance))
    values = {name: getattr(instance, name, _MISSING) for name in names}
    return {name: value for name, value in values.items() if value is not _MISSING}


_classes = {}  # by name: those that are made of asyncio's and a core


def blank(name):
    """An instance of phaseloop's class of that name, for a pickle to give its attributes."""
    return _classes[name].__new__(_classes[name])


def found_at(module, path):
    """What is at that dotted path in a module that is loaded, or None."""
    found = sys.modules.get(module)
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


def attributes_of(stock, bases):
    """What makes a class that is made of asyncio's `stock` and `bases` show all attributes."""
    dicts = [vars(kind)["__dict__"] for kind in stock.__mro__ if "__dict__" in vars(kind)]
    if not dicts:
        return {}  # all are slots
    rest = dicts[0]
    # object.__new__() makes no instance of a class whose core has a __new__() of its own.
    made_by_object = not any("__new__" in vars(base) for base in bases)
    # asyncio's class is not in any closure here: programs that look there are to find ours.
    name = stock.__name__

    @functools.cache
    def shape():
        """The native fields, and the names that asyncio's classes set, in their order."""
        fields, cls = _native_fields(_classes[name]), _classes[name]
        ours = set(_classes.values())
        kinds = [kind for kind in cls.__mro__ if kind not in ours and kind is not object]
        return fields, list(dict.fromkeys(_set_by("__init__", kinds, kinds)))

    def show(self):
        return Attributes(self, *shape(), rest.__get__(self))

    def replace(self, attributes):
        rest.__get__(self).clear()
        Attributes.update(show(self), attributes)

    def __getstate__(self):
        slots = _slots_of(self)
        attributes = self.__dict__
        state = dict(attributes) if isinstance(attributes, Attributes) else attributes
        return (state or None, slots) if slots else state or None

    def __reduce_ex__(self, protocol):
        made = object.__reduce_ex__(self, protocol if made_by_object else max(protocol, 2))
        kind = type(self)
        is_ours = kind is _classes[name]
        if is_ours and found_at(kind.__module__, kind.__qualname__) is not kind:
            # asyncio's class has the name: phaseloop is not installed.
            return blank, (name,), *made[2:]
        return made

    return {
        "__dict__": property(show, replace, doc=rest.__doc__),
        "__getstate__": __getstate__,
        "__reduce_ex__": __reduce_ex__,
    }


def made(cls):
    """Tell that attributes_of() made this class what it is; returns it."""
    _classes[cls.__name__] = cls
    return cls


def reduce_function(function, path):
    """How a native function is pickled: by the name in asyncio, or in phaseloop if it has none
    there because phaseloop is not installed.
    """
    if found_at(function.__module__, path) is function or found_at("phaseloop", path) is None:
        return path
    return found_at, ("phaseloop", path)
