"""Lets the tests here import transcripts_of.py and the programs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
