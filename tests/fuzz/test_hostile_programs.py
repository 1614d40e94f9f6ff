"""No Python program crashes the interpreter, or makes a loop that never ends."""

import os

import fuzz

# A minute, and less under a sanitizer, where all tests take their time; PHASELOOP_FUZZ_SECONDS=3600
# for an hour. The programs are the same each time; PHASELOOP_FUZZ_SEED begins with another one.
SANITIZED = "ASAN_OPTIONS" in os.environ
SECONDS = float(os.environ.get("PHASELOOP_FUZZ_SECONDS", "30" if SANITIZED else "60"))
SEED = int(os.environ.get("PHASELOOP_FUZZ_SEED", "0"))


def test_hostile_programs_end():
    findings = []
    assert fuzz.fuzz(SECONDS, SEED, found=findings.append) > 0
    assert not findings, "\n\n".join(findings)
