"""python3 -m phaseloop: run an unmodified asyncio program on the native loop."""

import sys

from ._script import main

if __name__ == "__main__":
    sys.exit(main())
