"""Prints the interpreter's own path and, if there is one, that of its shared libpython.

CMake's FindPython takes any library of the same minor version that it comes across, another
installation's included.
"""

import os
import sys
import sysconfig

name = sysconfig.get_config_var("INSTSONAME") or ""
folders = [
    os.path.join(sys.base_prefix, "lib", sysconfig.get_config_var("MULTIARCH") or ""),
    os.path.join(sys.base_prefix, "lib"),
    sysconfig.get_config_var("LIBDIR") or "",
]
found = [path for folder in folders if os.path.isfile(path := os.path.join(folder, name))]
shared = [os.path.normpath(path) for path in found if ".so" in name]
print(os.path.realpath(sys._base_executable), shared[0] if shared else "", sep=";")
