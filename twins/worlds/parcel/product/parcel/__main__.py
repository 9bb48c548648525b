"""Entry point of `python -m parcel`."""

import sys

from parcel.cli import main

if __name__ == "__main__":
    sys.exit(main())
