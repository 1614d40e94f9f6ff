"""Builds the native side of the network benchmarks, and makes the certificate that TLS needs."""

import fcntl
import functools
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.cmake import cmake
from harness.model import Absent

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).resolve().parent / "native"
BUILD = REPOSITORY / ".dev" / "build" / "bench-native"


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for localhost, and its key."""

    certificate: Path
    key: Path


@functools.cache
def native():
    """The folder of the built programs. Raises Absent if the machine can't build them."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with locked():
        # Asks again for liburing each time it was not there: it may have been installed since.
        if not (BUILD / "floor_uring").exists():
            run_cmake("-S", SOURCE, "-B", BUILD)
        run_cmake("--build", BUILD)
    return BUILD


def program(name):
    """The path of one of them, "load" or a floor. Raises Absent if it is not there."""
    path = native() / name
    if not path.exists():
        raise Absent("liburing is missing (Debian's liburing-dev)")
    return path


def run_cmake(*arguments):
    status, output = cmake(*arguments)
    if status == 0:
        return
    if "Debian's libssl-dev" in output:
        raise Absent("OpenSSL 3 is missing (Debian's libssl-dev)")
    if "No CMAKE_CXX_COMPILER" in output:
        raise Absent("no C++ compiler (Debian's g++)")
    raise RuntimeError(f"the load generator can't be built:\n{output[-3000:]}")


@functools.cache
def certificate():
    """The certificate of the TLS servers, made once and kept with the programs."""
    needs("openssl", "openssl")
    made = Certificate(BUILD / "certificate.pem", BUILD / "key.pem")
    BUILD.mkdir(parents=True, exist_ok=True)
    with locked():
        if not (made.certificate.exists() and made.key.exists()):
            make_certificate(made)
    return made


def make_certificate(wanted):
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    unfinished = wanted.certificate.with_suffix(".new")
    files = ["-keyout", str(wanted.key), "-out", str(unfinished)]
    done = subprocess.run([*command.split(), *names, *files], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"openssl made no certificate:\n{done.stderr[-1000:]}")
    unfinished.rename(wanted.certificate)


def needs(command, package):
    """Raises Absent unless the command is installed."""
    if shutil.which(command) is None:
        raise Absent(f"{command} is missing (Debian's {package})")


@contextmanager
def locked():
    """One process at a time: the tests and the benchmarks may both want to build."""
    with open(BUILD / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
