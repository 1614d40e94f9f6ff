# ./dev test: the stages, and how they are run. Sourced by ./dev.

all_stages=(tidy lint unit clang python programs legacy releases asan packaging conformance)
quick_stages=(unit_release python)

command_test() {
  local chosen=() packages
  while (($#)) && [[ $1 != -- ]]; do
    case $1 in
      --quick) chosen+=("${quick_stages[@]}") ;;
      *)
        [[ " ${all_stages[*]} " == *" $1 "* ]] || die "no test stage '$1': ${all_stages[*]}"
        chosen+=("$1")
        ;;
    esac
    shift
  done
  pytest_arguments=("${@:2}")
  ((${#chosen[@]})) || chosen=("${all_stages[@]}")
  packages=$(missing_for "${chosen[@]}")
  need $packages
  locked use_python "$wanted_python"
  cd "$root"
  run_stages "${chosen[@]}"
}

# missing_for STAGE…: Debian packages that these stages need, all at once, so that an ordinary user
# has one command to run.
missing_for() {
  missing_packages test
  if [[ " $* " == *' programs '* ]]; then missing_servers; fi
  if [[ " $* " == *' conformance '* ]] && command -v python3 >/dev/null; then
    missing_test_suite python3 "$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  fi
}

# A failed stage does not stop the others; the last line counts them.
run_stages() {
  local stage status started passed=0 failed=0 report=()
  for stage in "$@"; do
    say "stage $stage"
    started=$SECONDS
    set +e
    (
      set -e
      "stage_$stage"
    )
    status=$?
    set -e
    if ((status)); then
      ((failed += 1))
      report+=("$(printf '  FAILED  %-13s %4d s' "$stage" $((SECONDS - started)))")
    else
      ((passed += 1))
      report+=("$(printf '  passed  %-13s %4d s' "$stage" $((SECONDS - started)))")
    fi
  done
  printf '\n'
  printf '%s\n' "${report[@]}"
  printf 'stages: %d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0))
}

stage_tidy() { "$venv/bin/python" tools/tidy.py; }

stage_lint() { check_style; }

stage_unit() {
  unit release
  unit dev
  unit tsan
}

stage_unit_release() { unit release; }

unit() {  # PRESET
  locked build_unit "$1"
  [[ -x $build/phaseloop_unit ]] || die 'no unit test was built: tests/unit/*_test.cc'
  say "unit tests, $1"
  "$build/phaseloop_unit" --gtest_brief=1
}

# The same warnings are errors under the other compiler.
stage_clang() {
  export CXX=clang++
  unit dev
  locked build_module release
}

stage_python() {
  locked build_module release
  if wants_benchmarks; then locked install_requirements requirements-bench; fi
  python_tests tests --ignore=tests/{packaging,programs}
}

# Whether the tests of the benchmarks are among those to run: all are, unless some are named.
wants_benchmarks() {
  local argument named=0
  for argument in "${pytest_arguments[@]}"; do
    [[ $argument != *benchmarks* ]] || return 0
    [[ ! -e ${argument%%::*} ]] || named=1
  done
  ((!named))
}

# Real programs, in an environment of their own: their packages bring plugins for pytest along, which
# are for the tests that these tests start.
stage_programs() {
  local packages
  packages=$(missing_servers)
  need $packages
  locked build_module release
  venv=$root/.dev/venv/$version-programs
  locked install_requirements requirements-programs
  python_tests tests/programs -p no:asyncio -p no:anyio
}

# Old programs print what they always did on every CPython, not on the one at hand alone.
stage_legacy() {
  local name ran=0 status=0
  for name in 3.11 3.13 3.14 3.15; do
    if [[ $name != "$version" ]] && ! "$venv/bin/python" tools/pythons path "$name" >/dev/null; then
      say "old programs on Python $name skipped, for the reason above"
      continue
    fi
    say "old programs, Python $name"
    "$root/dev" test python --python "$name" -- tests/legacy -q || status=1
    ran=1
  done
  ((ran && status == 0))
}

# Maintenance releases of CPython differ, too: the oldest of those that users have is Debian 12's own.
# What follows the release is tested on it, and not what is about the project's own code alone.
oldest_release=3.11.2

stage_releases() {
  if [[ $("$interpreter" -c 'import platform; print(platform.python_version())') == "$oldest_release" ]]; then
    say "$oldest_release is the Python that everything else was tested on"
    return 0
  fi
  if ! "$venv/bin/python" tools/pythons path "$oldest_release" >/dev/null; then
    say "Python $oldest_release skipped, for the reason above"
    return 1
  fi
  local status=0 modules=test_futures,test_tasks,test_locks,test_queues,test_taskgroups,test_timeouts
  modules+=,test_runners,test_events,test_streams,test_server,test_sock_lowlevel,test_unix_events
  "$root/dev" test python --python "$oldest_release" -- \
    tests/{golden,issues,library,differential,releases,legacy} -q || status=1
  "$root/dev" conformance --python "$oldest_release" --modules "$modules" || status=1
  return $status
}

# The interpreter is not instrumented, hence the preload; what it leaks is not ours to count here.
# Of the tests that start interpreters by the hundred, which are slow under the sanitizers, those of
# the executable are enough: the others are about Python code of ours. Failing allocations, which
# start a process for each, take an hour here; run them by hand with -- tests/faults.
stage_asan() {
  locked build_module dev
  local library preload=()
  for library in libasan.so libstdc++.so; do
    preload+=("$("${CXX:-g++}" -print-file-name="$library")")
  done
  export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
  export UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc PHASELOOP_EXAMPLES=200
  LD_PRELOAD="${preload[*]}" python_tests tests \
    --ignore=tests/{packaging,programs,releases,tools,stubs,benchmarks,legacy} \
    --ignore=tests/faults/test_failing_allocations.py \
    --ignore=tests/cli/test_{as_python3,command_line,install,old_source,processes,startup,terminal}.py
}

# Builds the wheel in a clean environment of every supported version that this machine can bring.
# The tests' own conftest is cut off: it wants a phaseloop, and here none is built yet.
stage_packaging() {
  build=''
  python_tests tests/packaging --confcutdir=tests/packaging -v
}

# python_tests FOLDER PYTEST_OPTION...: the folder, unless the arguments after -- name others.
python_tests() {
  local target=$1 argument
  for argument in "${pytest_arguments[@]}"; do
    [[ ! -e ${argument%%::*} ]] || target=''
  done
  PYTHONPATH=${build:+$build/python} HYPOTHESIS_STORAGE_DIRECTORY=$root/.dev/hypothesis \
    "$venv/bin/python" -m pytest ${target:+"$target"} "${@:2}" "${pytest_arguments[@]}"
}

stage_conformance() {
  local name ran=0 status=0
  for name in 3.11 3.14; do
    if [[ $name != "$version" ]] && ! "$venv/bin/python" tools/pythons path "$name" >/dev/null; then
      say "conformance on Python $name skipped, for the reason above"
      continue
    fi
    say "conformance, Python $name"
    "$root/dev" conformance --python "$name" || status=1
    ran=1
  done
  ((ran && status == 0))
}
