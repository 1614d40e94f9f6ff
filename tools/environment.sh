# What ./dev needs before it can do anything: Debian packages, an interpreter, its virtual
# environment, and builds of the project. Everything made lies under .dev/.
# Sourced by ./dev, which sets `root`. Messages go to stderr: stdout belongs to the program run.

say() { printf 'phaseloop: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# need PACKAGE...: installs Debian packages, or says which command does.
need() {
  (($#)) || return 0
  local install="apt-get install -y --no-install-recommends $*"
  command -v apt-get >/dev/null || die "please install what Debian calls: $*"
  ((EUID == 0)) ||
    die "something is missing here; this installs it: sudo apt-get update && sudo $install"
  say "installing Debian packages: $*"
  local log=$root/.dev/apt.log
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive $install; } >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; die "apt-get could not install $* (see above)"; }
}

# --- interpreter -----------------------------------------------------------------------------------

describe_python() {  # INTERPRETER: prints its version (3.14, 3.14t) and its own path
  "$1" -c 'import sys; t = "t" * ("t" in getattr(sys, "abiflags", ""))
print("%d.%d%s" % (*sys.version_info[:2], t), sys._base_executable)'
}

# Sets `version` and `interpreter`: the python3 on PATH the first time, the same one ever after.
default_interpreter() {
  local record=$root/.dev/interpreter packages
  if [[ -r $record ]] && read -r version interpreter <"$record" && [[ -x $interpreter ]]; then
    return
  fi
  packages=$(missing_packages run)
  need $packages
  read -r version interpreter < <(describe_python python3)
  supported "$version" || die "needs Python 3.11 or newer, and python3 here is $version: put a newer one first on PATH"
  printf '%s %s\n' "$version" "$interpreter" >"$record"
}

supported() { [[ $1 =~ ^3\.(1[1-9]|[2-9][0-9])(\.[0-9]+)?t?$ ]]; }  # VERSION

minor_version() { [[ $version =~ ^3\.[0-9]+ ]] && echo "${BASH_REMATCH[0]}"; }

# use_python [VERSION]: the interpreter to work with, and `venv` with the project's tools for it.
use_python() {
  default_interpreter
  if [[ -n ${1:-} && $1 != "$version" ]]; then
    supported "$1" || die "--python takes 3.11 or newer, such as 3.14 or 3.11.2, and not '$1'"
    local stamp=$root/.dev/venv/$1/requirements.stamp known=''
    [[ ! -r $stamp ]] || read -r known <"$stamp"
    [[ -x $known ]] || known=$("$interpreter" "$root/tools/pythons" path "$1") || exit 1
    interpreter=$known version=$1
  fi
  venv=$root/.dev/venv/$version
  install_requirements requirements
  join_c_library
}

# An interpreter of tools/pythons may bring a C library of its own, newer than the machine's: then
# programs that embed it have to be loaded by that library's loader, too.
join_c_library() {
  local headers loader libraries
  headers=$(readelf --wide --program-headers --dynamic "$interpreter")
  loader=$(sed -n 's/.*program interpreter: \(.*\)]/\1/p' <<<"$headers")
  libraries=$(sed -n 's/.*Library rpath: \[\(.*\)]/\1/p' <<<"$headers")
  [[ -n $libraries && $loader != /lib* ]] || return 0
  export LDFLAGS="${LDFLAGS:-} -Wl,--dynamic-linker=$loader -Wl,-rpath,$libraries \
-Wl,--disable-new-dtags -Wl,--allow-shlib-undefined"
}

# install_requirements NAME: tools/NAME.txt in `venv`, when that file or the interpreter changed.
# The list of the benchmarks adds to an environment; the others are what one consists of.
install_requirements() {
  local list=$root/tools/$1.txt stamp=$venv/$1.stamp
  local wanted="$interpreter"$'\n'"$(<"$list")"
  if [[ -r $stamp && $(<"$stamp") == "$wanted" ]]; then return; fi
  if [[ $1 != requirements-bench ]]; then
    say "setting up ${venv##*/}: tools/$1.txt (takes about half a minute)"
    rm -rf "$venv"
    "$interpreter" -m venv "$venv" >&2
  fi
  local log=$root/.dev/pip.log
  "$venv/bin/python" -m pip install -qq --disable-pip-version-check -r "$list" >"$log" 2>&1 ||
    { tail -n 5 "$log" | cut -c1-300 >&2; die "pip could not install tools/$1.txt (see above)"; }
  printf '%s\n' "$wanted" >"$stamp"
}

# --- what the machine lacks ------------------------------------------------------------------------

# missing_packages run|bench|test: names of Debian packages. What is asked is the thing itself, not dpkg.
missing_packages() {
  [[ -z ${CXX:-} ]] || command -v "$CXX" >/dev/null || die "\$CXX names '$CXX', which is not there"
  command -v "${CXX:-g++}" >/dev/null || echo g++
  if command -v python3 >/dev/null; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || python_package venv
    python3 -c "$has_headers" || python_package dev
  else
    echo python3 python3-dev python3-venv
  fi
  [[ $1 != run ]] || return 0
  # The network benchmarks: load generator, floors, HTTP client, counts of system calls.
  [[ -e /usr/include/openssl/ssl.h ]] || echo libssl-dev
  [[ -e /usr/include/liburing.h ]] || echo liburing-dev
  command -v wrk >/dev/null || echo wrk
  command -v strace >/dev/null || echo strace
  command -v openssl >/dev/null || echo openssl
  [[ $1 == test ]] || return 0
  [[ -e /usr/include/gtest/gtest.h ]] || echo libgtest-dev
  command -v clang++ >/dev/null || echo clang
}

# missing_test_suite PYTHON VERSION: the package with CPython's own tests, if that one lacks them.
missing_test_suite() {
  "$1" -c 'import test.test_asyncio' 2>/dev/null || echo "libpython$2-testsuite"
}

# missing_servers: the same for the servers that real programs are tested with.
missing_servers() {
  command -v redis-server >/dev/null || echo redis-server
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || echo postgresql
}

has_headers='import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'

python_package() {  # PART: the package with that part of python3, when python3 is Debian's own
  local path
  read -r _ path < <(describe_python python3)
  [[ $path == /usr/bin/python3* ]] ||
    die "$path lacks its '$1' part: install it, or put another python3 first on PATH"
  echo "python3-$1"
}

# --- builds ----------------------------------------------------------------------------------------

# build_module PRESET: the package for `version`, importable from $build/python.
build_module() {
  build=$(build_folder "$1" "$version")
  local module=("$build"/python/phaseloop/_native*.so)
  if [[ ! -e ${module[0]} ]]; then
    say "building for Python $version, $1 (first time takes about a minute)"
  elif has_changed bindings; then
    say "building what changed for Python $version, $1"
  fi
  configure_and_build "$1" -DPHASELOOP_UNIT_TESTS=OFF -DPython_EXECUTABLE="$venv/bin/python"
}

# build_unit PRESET: $build/phaseloop_unit, which knows no Python.
build_unit() {
  build=$(build_folder "$1" unit)
  if has_changed tests/unit; then
    say "building unit tests, $1"
  fi
  configure_and_build "$1" -DPHASELOOP_UNIT_TESTS=ON -DPHASELOOP_MODULE=OFF
}

build_folder() { echo "$root/.dev/build/$1${CXX:+-${CXX##*/}}-$2"; }  # PRESET WHAT

has_changed() {  # FOLDER: it, or what every build is made of, since the last build
  [[ ! -e $build/built || -n $(find "$root"/{"$1",runtime,cli,app,third_party,CMakeLists.txt,CMakePresets.json} \
    -newer "$build/built" -print -quit) ]]
}

configure_and_build() {  # PRESET OPTION...: quiet unless something fails
  local preset=$1 log=$build/build.log packages
  shift
  if [[ ! -e $build/build.ninja || $root/CMakePresets.json -nt $build/build.ninja ]]; then
    packages=$(missing_packages run)
    need $packages
    mkdir -p "$build"
    "$venv/bin/cmake" -S "$root" -B "$build" --preset "$preset" "$@" \
      -DCMAKE_MAKE_PROGRAM="$venv/bin/ninja" -DCMAKE_CXX_COMPILER="${CXX:-g++}" >"$log" 2>&1 ||
      { cat "$log" >&2; rm -f "$build/build.ninja"; die "cmake could not configure the build (see above)"; }
    touch "$build/build.ninja"
  fi
  "$venv/bin/ninja" -C "$build" --quiet >"$log" 2>&1 || { cat "$log" >&2; die "the build failed (see above)"; }
  touch "$build/built"
}
