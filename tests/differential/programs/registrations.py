"""add_reader(), add_writer() and their like: what they take, find and refuse."""

import asyncio
import errno
import gc
import os
import random
import socket
import tempfile
import weakref

from registry import program


class File:
    """An object with fileno(), and nothing else."""

    def __init__(self, number):
        self.number = number

    def fileno(self):
        return self.number

    def __repr__(self):
        return "File()"


def pair():
    here, there = socket.socketpair()
    here.setblocking(False)
    there.setblocking(False)
    return here, there


def spin(t, times=3):
    """Long enough for every event to be seen."""
    for _ in range(times):
        t.loop.call_later(0.001, t.loop.stop)
        t.loop.run_forever()


def nothing(*args):
    pass


def add(loop, side):
    return loop.add_reader if side == "reader" else loop.add_writer


def remove(loop, side):
    return loop.remove_reader if side == "reader" else loop.remove_writer


@program
def a_closed_socket_is_found_by_the_object(t):
    for side in "reader", "writer":
        here, there = pair()
        add(t.loop, side)(here, nothing)
        here.close()
        t.plain("remove", remove(t.loop, side), here)
        t.plain("again", remove(t.loop, side), here)
        t.plain("add", add(t.loop, side), here, nothing)
        there.close()


@program
def a_closed_socket_that_was_watched_on_both_sides(t):
    here, there = pair()
    t.loop.add_reader(here, nothing)
    t.loop.add_writer(here, nothing)
    here.close()
    t.plain("reader", t.loop.remove_reader, here)
    t.plain("writer", t.loop.remove_writer, here)
    t.plain("reader again", t.loop.remove_reader, here)
    there.close()


@program
def a_descriptor_that_was_closed_while_watched(t):
    for first, second in ("reader", "writer"), ("writer", "reader"), ("reader", "reader"):
        here, there = pair()
        number = here.detach()
        add(t.loop, first)(number, nothing)
        os.close(number)
        try:
            add(t.loop, second)(number, nothing)
        except OSError as exc:
            t(first, second, errno.errorcode[exc.errno])
        t.plain("first", remove(t.loop, first), number)
        t.plain("second", remove(t.loop, second), number)
        there.close()


@program
def a_closed_socket_that_was_registered_by_its_number(t):
    here, there = pair()
    number = here.fileno()
    t.loop.add_reader(number, nothing)
    here.close()
    t.plain("by the object", t.loop.remove_reader, here)
    t.plain("by the number", t.loop.remove_reader, number)
    there.close()


@program
def registered_by_the_object_and_replaced_by_the_number(t):
    here, there = pair()
    t.loop.add_reader(here, nothing)
    t.loop.add_reader(here.fileno(), nothing)
    t.loop.add_writer(here.fileno(), nothing)
    t(t.loop.remove_writer(here.fileno()))
    here.close()
    t.plain("by the object", t.loop.remove_reader, here)
    there.close()


@program
def registered_by_the_number_and_replaced_by_the_object(t):
    here, there = pair()
    t.loop.add_reader(here.fileno(), nothing)
    t.loop.add_reader(here, nothing)
    here.close()
    t.plain("by the object", t.loop.remove_reader, here)
    there.close()


@program
def removed_and_registered_anew_as_another_object(t):
    here, there = pair()
    first, second = File(here.fileno()), File(here.fileno())
    t.loop.add_reader(first, nothing)
    t.loop.remove_reader(second)
    t.loop.add_reader(second, nothing)
    first.number = second.number = -1
    t.plain("first", t.loop.remove_reader, first)
    t.plain("second", t.loop.remove_reader, second)
    here.close()
    there.close()


@program
def an_object_whose_descriptor_changes(t):
    here, there = pair()
    file = File(here.fileno())
    t.loop.add_reader(file, nothing)
    for number in (there.fileno(), "four", None, 4.5, -1, -7):
        file.number = number
        t.plain(f"remove from {type(number).__name__}", t.loop.remove_reader, file)
    file.number = here.fileno()
    t.plain("remove", t.loop.remove_reader, file)
    here.close()
    there.close()


@program
def what_is_no_file(t):
    def broken():
        raise KeyError("broken fileno")

    lost = File(0)
    lost.fileno = broken
    closed = tempfile.TemporaryFile()
    closed.close()
    things = (-1, -(2**40), "4", None, 4.5, object(), File("4"), File(None), File(-1), lost, closed)
    for thing in things:
        name = type(thing).__name__
        for side in "reader", "writer":
            for what, call in ("add", add(t.loop, side)), ("remove", remove(t.loop, side)):
                arguments = [nothing] if what == "add" else []
                try:
                    t(what, name, call(thing, *arguments))
                except Exception as exc:
                    t(what, name, type(exc).__name__, str(exc).split("<")[0])


@program
def what_cannot_be_watched(t):
    with tempfile.TemporaryFile() as regular:
        for side in "reader", "writer":
            t.plain("a regular file", add(t.loop, side), regular, nothing)
            t.plain("remove", remove(t.loop, side), regular)
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    t.plain("closed", t.loop.add_reader, reading, nothing)
    t.plain("closed", t.loop.remove_reader, reading)


@program
def a_watched_file_object_is_kept(t):
    here, there = pair()
    there.send(b"x")
    seen = weakref.ref(here)
    got = []
    t.loop.add_reader(here, got.append, "readable")
    number = here.fileno()
    del here
    gc.collect()
    t(seen() is not None)
    spin(t)
    t(bool(got))
    t.loop.remove_reader(number)
    gc.collect()
    t(seen() is None)
    there.close()


@program
def of_a_closed_loop(t):
    here, there = pair()
    loop = t.new_loop()
    loop.add_reader(here, nothing)
    loop.close()
    for side in "reader", "writer":
        t.plain("add", add(loop, side), here, nothing)
        t.plain("remove", remove(loop, side), here)
    here.close()
    t.plain("closed", loop.remove_reader, here)
    there.close()


@program
def what_waits_in_a_socket_call(t):
    async def main():
        here, there = pair()
        task = t.loop.create_task(t.loop.sock_recv(here, 10))
        await asyncio.sleep(0.001)
        t.plain("add", t.loop.add_writer, here, nothing)
        t.plain("remove", t.loop.remove_writer, here)
        t.plain("remove", t.loop.remove_reader, here)
        t.plain("again", t.loop.remove_reader, here)
        task.cancel()
        await asyncio.wait([task])
        here.close()
        there.close()

    t.run(main())


@program
def a_duplicate_outlives_the_descriptor(t):
    """epoll goes on reporting it; asyncio goes on calling until it is removed."""
    here, there = pair()
    got = []
    t.loop.add_reader(here, got.append, 1)
    duplicate = here.dup()
    here.close()
    there.send(b"x")
    spin(t)
    t("called", bool(got))
    t.plain("remove", t.loop.remove_reader, here)
    got.clear()
    spin(t)
    t("called", bool(got))
    duplicate.close()
    there.close()


@program
def random_sequences(t):
    """Many short histories of one socket, the same on both sides."""
    for seed in range(300):
        dice = random.Random(seed)
        here, there = pair()
        number, file, names, log = here.fileno(), File(here.fileno()), [], []
        files = {"socket": here, "number": number, "file": file}
        for _ in range(dice.randint(2, 8)):
            what = dice.choice(["add", "add", "add", "remove", "remove", "close", "lose", "spin"])
            side, name = dice.choice(["reader", "writer"]), dice.choice(list(files))
            names.append(f"{what} {side} {name}")
            try:
                if what == "add":
                    log.append(add(t.loop, side)(files[name], nothing))
                elif what == "remove":
                    log.append(remove(t.loop, side)(files[name]))
                elif what == "lose":
                    file.number = -1
                elif what == "close":
                    here.close()
                else:
                    spin(t, 1)
            except Exception as exc:
                log.append(f"{type(exc).__name__}: {exc}".split("<")[0])
        t(seed, ", ".join(names), log)
        for side in "reader", "writer":
            try:
                t(remove(t.loop, side)(number))
            except OSError as exc:
                t(exc.errno)
        here.close()
        there.close()
