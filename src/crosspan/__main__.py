"""``python -m crosspan``: the command line."""

from __future__ import annotations

import sys

from crosspan.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
