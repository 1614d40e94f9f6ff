"""asyncio's own parts, asked of the running release.

Importing phaseloop takes for granted neither that asyncio has a function, method, constant or class
nor what shape it has: maintenance releases differ. What is not there is replaced as follows:

* what is asked of a module: a class of that name which raises NotImplementedError when it is
  called, and says what is missing. It does for a function, and for a class to derive from;
* a method that a class of ours takes over, or has a native one for: the class does without;
* a class with slots that one of ours can't derive from: it has that class's functions instead;
* what is read off a function's code (nested functions, the names it uses): nothing.
"""

import asyncio
import importlib
import types


class Module:
    """A module of asyncio's, to be read: what it lacks is looked for in asyncio itself."""

    def __init__(self, name):
        self._name = name
        try:
            self._module = importlib.import_module(f"asyncio.{name}")
        except ModuleNotFoundError:
            self._module = asyncio

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        found = get(self, name)
        return _absent(f"asyncio.{self._name}", name) if found is None else found


def get(module, name):
    """What a Module has under that name, or asyncio itself; None if there is nothing."""
    for home in (module._module, asyncio):
        if (found := getattr(home, name, None)) is not None:
            return found
    return None


def _absent(module, name):
    def __init__(self, *args, **kwargs):
        raise NotImplementedError(f"{module}.{name} is not there in this Python")

    return type(name, (), {"__module__": module, "__doc__": None, "__init__": __init__})


def methods(owner, names):
    """Those of the class's attributes that it has, by name."""
    return {name: getattr(owner, name) for name in names if hasattr(owner, name)}


def derive(name_of, ours, stock, namespace):
    """A class named as asyncio's class `name_of`, derived from the classes `ours` and from `stock`.

    Slots that a release gives to `stock` conflict with the storage of a native base: then the
    result does not derive from it, and has its functions.
    """
    namespace = {"__doc__": name_of.__doc__, "__module__": name_of.__module__, **namespace}
    try:
        return type(name_of.__name__, (*ours, stock), namespace)
    except TypeError:
        functions = {
            name: value
            for name, value in vars(stock).items()
            if isinstance(value, types.FunctionType) and value.__closure__ is None
        }
        return type(name_of.__name__, ours, functions | namespace)


def nested(function):
    """The code of the functions defined in a function, by name."""
    consts = getattr(getattr(function, "__code__", None), "co_consts", ())
    return {code.co_name: code for code in consts if isinstance(code, types.CodeType)}


def names_in(code):
    """The global names and attributes that a code object, or None, uses."""
    return getattr(code, "co_names", ())


def takes(function):
    """The names of the arguments that a function written in Python takes; of others, none."""
    code = getattr(function, "__code__", None)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()
