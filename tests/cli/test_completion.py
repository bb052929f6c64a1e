"""Shell completion, asked for as the shells do it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from softaudit.algorithms import ALGORITHM_NAMES, ALGORITHMS
from softaudit.arithmetic import ELEMENTARY, ORDERS
from softaudit.cli import completion, main
from softaudit.cli.progress import MODES
from softaudit.formats import FORMATS
from softaudit.implementations import IMPLEMENTATIONS, framework
from softaudit.keys import SUBNORMALS
from softaudit.plan import ALL
from softaudit.reference import METHODS
from softaudit.render import RENDERERS
from softaudit.render.columns import COLUMNS
from softaudit.studies.edge_rows import EDGE_ROWS
from softaudit.studies.probes import PROBES

REGISTRIES = {
    "function": ALGORITHMS,
    "format": FORMATS,
    "algorithm": (*ALGORITHM_NAMES, ALL),
    "implementation": IMPLEMENTATIONS,
    "against": (*ALGORITHM_NAMES, *IMPLEMENTATIONS),
    "device": dict.fromkeys(kind for name in IMPLEMENTATIONS for kind in framework(name).devices),
    "compute": FORMATS,
    "accumulate": FORMATS,
    "order": ORDERS,
    "subnormals": SUBNORMALS,
    "elementary": ELEMENTARY,
    "reference": METHODS,
    "columns": COLUMNS,
    "output-format": RENDERERS,
    "progress": MODES,
    "edge-row": EDGE_ROWS,
    "probe": PROBES,
}


@pytest.mark.parametrize("option", REGISTRIES)
def test_the_names_are_those_that_are_known(option):
    assert completion.CHOICES[option] == tuple(REGISTRIES[option])


def test_every_choice_is_listed():
    assert completion.CHOICES.keys() == REGISTRIES.keys()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", ["pairwise", "sequential", "compensated", "numpy"]),
        ("s", ["sequential"]),
        ("x", []),
        ("numpy,", ["numpy,pairwise", "numpy,sequential", "numpy,compensated"]),
        ("numpy,pairwise,c", ["numpy,pairwise,compensated"]),
        ("numpy,n", []),  # each once
    ],
)
def test_comma_lists(typed, offered):
    assert completion.several("order")(typed) == offered


def test_options_without_a_choice_of_names():
    assert completion.one("temperature") is completion.several("require") is None


@pytest.fixture
def in_bash(process):
    def ask(*words: str):
        typed = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
        return process(_SOFTAUDIT_COMPLETE="complete_bash", **typed)

    return ask


EVERY_OPTION = {
    "--function": "softmax", "--format": "float16", "--algorithm": "naive", "--compute": "float64",
    "--accumulate": "bfloat16", "--order": "numpy", "--reference": "mpmath", "--columns": "p99",
    "--output-format": "json", "--progress": "never", "--implementation": "torch",
    "--against": "stable", "--device": "cuda",
}  # fmt: skip


@pytest.fixture
def asked(monkeypatch, capsys):
    """Ask in this process, and give what is printed and the exit code."""

    def ask(instruction: str, **variables: str) -> tuple[str, int]:
        for name, value in {completion.VARIABLE: instruction, **variables}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
        return capsys.readouterr().out, ended.value.code

    return ask


@pytest.mark.parametrize("option", EVERY_OPTION)
def test_every_option(option, asked):
    name = EVERY_OPTION[option]
    typed = f"softaudit check x.npy {option} {name[:-1]}"
    out, code = asked("complete_bash", COMP_WORDS=typed, COMP_CWORD="4")
    assert (name in out.split("\n"), code) == (True, 0)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("softaudit conformance tor", "torch"),
        ("softaudit conformance stable onn", "onnxruntime"),
        ("softaudit invariance x.npy log1", "log1p"),
        ("softaudit conformance stable --edge-row zeros,neg", "zeros,negative-zero"),
    ],
)
def test_names_of_respondents_and_edge_rows(typed, offered, asked):
    out, code = asked("complete_bash", COMP_WORDS=typed, COMP_CWORD=str(typed.count(" ")))
    assert (out.split(), code) == ([offered], 0)


@pytest.mark.processes
def test_bash(in_bash):
    ended = in_bash("softaudit", "check", "x.npy", "--format", "float16,float8")
    offered = "float16,float8_e4m3fn\nfloat16,float8_e5m2\n"
    assert (ended.code, ended.out, ended.err) == (0, offered, "")
    ended = in_bash("softaudit", "check", "x")
    assert (ended.code, ended.out.strip(), ended.err) == (0, "", "")  # bash completes files itself


def test_settings_that_are_wrong_do_not_speak_up_while_a_line_is_typed(in_bash):
    Path("pyproject.toml").write_text("[tool.softaudit]\ncolour = 1\n", encoding="utf-8")
    assert in_bash("softaudit", "limits", "--format", "b").out == "bfloat16\n"


def test_zsh(asked):
    def ask(line: str) -> str:
        return asked("complete_zsh", _TYPER_COMPLETE_ARGS=line)[0]

    assert ask("softaudit check x --order s") == """_arguments '*: :(("sequential"))'\n"""
    assert ask("softaudit check ") == "_files\n"


@pytest.mark.processes
def test_fish(asked, process):
    def typed(line: str, action: str) -> dict[str, str]:
        return {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": action}

    line = "softaudit check x --progress a"
    assert asked("complete_fish", **typed(line, "get-args"))[0] == "auto\nalways\n"
    assert asked("complete_fish", **typed(line, "is-args"))[1] == 0
    files = typed("softaudit check x", "is-args")  # the process's exit code lets fish offer files
    assert process(_SOFTAUDIT_COMPLETE="complete_fish", **files).code == 1


def test_completing_imports_no_numpy():
    code = (
        "import sys, softaudit.cli; "
        "print({'numpy', 'mpmath', 'ml_dtypes', 'rich'} & set(sys.modules), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert ended.stderr.strip() == b"set()"


def test_what_bash_makes_of_it(process, tmp_path):
    """The script that `--install-completion` installs, sourced by a bash that presses TAB."""
    script = process(_SOFTAUDIT_COMPLETE="source_bash").out
    command = tmp_path / "softaudit"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m softaudit "$@"\n')
    command.chmod(0o755)
    press = f"""{script}
        COMP_WORDS=(softaudit check '"my file.npy"' --columns max,p9)
        COMP_CWORD=4
        _softaudit_completion softaudit
        printf '%s|' "${{COMPREPLY[@]}}"
        complete -p softaudit
    """
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", press], capture_output=True, text=True, env={**os.environ, "PATH": path},
        check=True,
    )  # fmt: skip
    found, _, registered = ended.stdout.rpartition("|")
    assert found.split("|") == ["max,p99", "max,p99.9"]
    assert registered == "complete -o default -F _softaudit_completion softaudit\n"
