"""Values put in the place of others, and the others back."""

from .. import _functions, _native

_ABSENT = object()


def put(undo, owner, name, value):
    """Set the attribute; `undo`, a contextlib.ExitStack, restores what it was, or was not."""
    before = vars(owner).get(name, _ABSENT)
    setattr(owner, name, value)
    if before is _ABSENT:
        undo.callback(delattr, owner, name)
    else:
        undo.callback(setattr, owner, name, before)


def put_missing(undo, owner, name, value):
    """put(), if the owner has no such attribute of its own: the running CPython's stays."""
    if name not in vars(owner):
        put(undo, owner, name, value)


def put_function(undo, homes, name, otherwise, *, plain="no_implementation"):
    """Let otherwise(present, *args, **kwargs) have the calls that the present function does not.

    Where a native function stands it goes on taking its plain calls; everywhere else `otherwise`
    gets all, or with `plain` "stock_without_keywords" those with keyword arguments. Signature,
    docstring and kind (is it a coroutine function?) stay the present one's.
    """
    homes = [home for home in homes if hasattr(home, name)]
    if not homes:  # releases differ
        return
    present = getattr(homes[0], name)
    native = name if present is getattr(_functions, name, None) else plain
    _put_over(undo, homes, name, present, native, otherwise)


def put_method(undo, owner, name, otherwise):
    """The same for a method that is all about keyword arguments; `self` comes after `present`."""
    present = getattr(owner, name)
    # What it inherits may be what has been put into its base.
    is_native = name in vars(owner) and type(present) is _NativeFunction
    native = f"{owner.__name__}.{name}" if is_native else "stock_without_keywords"
    _put_over(undo, [owner], name, present, native, otherwise)


_NativeFunction = object.__getattribute__(_functions.sleep, "__class__")


def _put_over(undo, homes, name, present, native, otherwise):
    def call(*args, **kwargs):
        return otherwise(present, *args, **kwargs)

    made = _native.function(native, present, call)
    for home in homes:
        put(undo, home, name, made)
