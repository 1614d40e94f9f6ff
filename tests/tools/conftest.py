import pytest


@pytest.fixture
def tree(tmp_path_factory):
    """Makes a new project of the files named: tree({"runtime/base/x.h": "…"})."""

    def make(files):
        root = tmp_path_factory.mktemp("tree")
        for path, text in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return root

    return make
