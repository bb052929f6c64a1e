"""Run the command as `python -m softaudit`."""

from softaudit.cli import main

main()
