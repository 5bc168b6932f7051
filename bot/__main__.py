"""`python -m bot` is `baro`; our own children are started this way, so that no script has to be found on PATH."""

from .cli import main

main()
