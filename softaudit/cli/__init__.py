"""The command line: one file per command.  Only here is anything written, and the process ended."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

import typer

from softaudit import __version__
from softaudit.cli import (
    check,
    compare,
    completion,
    conformance,
    diff,
    explain,
    gate,
    implementations,
    invariance,
    limits,
    report,
    settings,
    sweep,
)
from softaudit.cli.interrupt import INTERRUPTED
from softaudit.cli.progress.listener import say
from softaudit.errors import SoftauditError

ClickException: Any = typer.BadParameter.__mro__[2]
"""typer carries its own copy of click, or not, depending on its version."""

app = typer.Typer(
    name="softaudit",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("check")(check.command)
app.command("compare")(compare.command)
app.command("gate")(gate.command)
app.command("report")(report.command)
app.command("diff")(diff.command)
app.command("limits")(limits.command)
app.command("sweep")(sweep.command)
app.command("conformance")(conformance.command)
app.command("invariance")(invariance.command)
app.command("explain")(explain.command)
app.command("implementations")(implementations.command)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"softaudit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Audit softmax and log-softmax in low precision against proven exact values.

    Exit codes: 0 done; 1 a requirement does not hold; 2 the run itself failed; 130 interrupted.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    if completion.VARIABLE in os.environ:
        app(prog_name="softaudit")  # a shell asks: typer answers, and ends the process
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line.

    Returns
    -------
    int
        0 done; 2 the run itself failed, with one line on standard error; 130 interrupted.
    """
    try:
        result = _command()(
            arguments,
            prog_name="softaudit",
            standalone_mode=False,
            default_map=settings.default_map(),
        )
        if result == INTERRUPTED:
            raise KeyboardInterrupt
        if sys.stdout is not None:
            sys.stdout.flush()
    except SoftauditError as error:
        return _fail(str(error))
    except ClickException as error:
        return _fail(_usage(error))
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted")
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # Whoever read help has read enough, of which typer makes an exit of its own; keep the
        # interpreter from flushing into the broken pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(f"results cannot be written: {error.strerror or error}")
    return result if isinstance(result, int) else 0


@cache
def _command() -> Any:
    """Build the command line once for a process."""
    return typer.main.get_command(app)


def _fail(message: str) -> int:
    say(" ".join(message.split()))
    return 2


def _usage(error: Any) -> str:
    command = error.ctx.command_path if getattr(error, "ctx", None) else "softaudit"
    return f"{error.format_message().rstrip('.')} (see {command} --help)"
