"""`python -m mailadmin.cli`: the same as the command `mailadmin`."""

from . import main

main()
