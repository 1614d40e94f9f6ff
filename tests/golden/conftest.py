"""Lets the tests here import freedom.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
