"""The command line as `python -m qi_equity.cli`."""

from qi_equity.cli import main

main()
