"""One version: pyproject.toml's, which everything else repeats."""

import tomllib
from pathlib import Path

import phaseloop

ROOT = Path(__file__).parents[2]


def test_the_module_and_the_changelog_have_the_version_of_the_project():
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    assert phaseloop.__version__ == version
    headings = [
        line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")
    ]
    assert headings[0].split()[1].rstrip(",") == version
