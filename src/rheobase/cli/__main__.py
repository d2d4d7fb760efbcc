"""`python -m rheobase.cli`."""

from rheobase.cli.app import main

main()
