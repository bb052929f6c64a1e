"""The README is the front door: its commands run, and print what it shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from softaudit.algorithms import ALGORITHMS
from softaudit.arithmetic import ORDERS
from softaudit.cli import run
from softaudit.formats import FORMATS
from softaudit.metrics import CAUSES
from softaudit.render.columns import COLUMNS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(
    r"```console\n\$ (?:cd (\S+) && )?((?:[A-Z_]+=\S+ )*softaudit .+)\n((?s:.+?))\n```", README
)

WIDE_CELLS = re.compile(r"^(float(32|64)\b| {2}in )|/float(32|64)|^\w+ float(32|64)$", re.MULTILINE)
WIDE = re.compile(r"float(32|64)|^ {2}in ")
"""Cells whose exp and log differ between processors; of these the labels alone must agree."""


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """Run where the fixtures are, and what is written is not left in the repository."""
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def machine_independent(text: str) -> list[str]:
    """Give a report's lines, the figures of float32 and float64 cells reduced to their labels."""
    lines, wide = [], False
    for line in text.split("\n"):
        if line.startswith(("breaks", "loses", "worst", "holds")):
            return lines
        if line[:1].strip() or line.startswith("  in "):
            wide = bool(WIDE.search(line)) and "·" not in line.partition("  ")[0]
        lines.append(" ".join(line.split()[:2]) if wide else line)
    return lines


ASKS_FRAMEWORKS = re.compile(
    r"--implementation scipy,torch|conformance$|softaudit implementations$"
)
OURS = [block for block in BLOCKS if not ASKS_FRAMEWORKS.search(block[1])]
THEIRS = [block for block in BLOCKS if ASKS_FRAMEWORKS.search(block[1])]


@pytest.mark.parametrize(("folder", "command", "shown"), OURS, ids=[c for _, c, _ in OURS])
def test_commands_print_what_the_readme_shows(
    folder, command, shown, capsys, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path / folder)
    fails = any(line.startswith(("fails  ", "::error ")) for line in shown.split("\n"))
    variables, _, words = command.partition("softaudit ")
    for variable in variables.split():
        monkeypatch.setenv(*variable.split("="))
    assert run(shlex.split(words)) == int(fails)
    printed = capsys.readouterr().out.rstrip("\n")
    if WIDE_CELLS.search(shown):
        assert machine_independent(printed) == machine_independent(shown)
    else:
        assert printed == shown


@pytest.mark.frameworks
@pytest.mark.parametrize(("folder", "command", "shown"), THEIRS, ids=[c for _, c, _ in THEIRS])
def test_commands_that_ask_frameworks(folder, command, shown, capsys, monkeypatch, tmp_path):
    """Figures of frameworks differ between processors: who is asked, and what, must agree."""
    monkeypatch.chdir(tmp_path / folder)
    assert run(shlex.split(command)[1:]) == 0
    assert asked(capsys.readouterr().out) == asked(shown)


def asked(text: str) -> list[str]:
    """Give a table's labels, up to the sentences."""
    table = re.split(r"^(?:loses|breaks|deviates|errors) ", text, flags=re.MULTILINE)[0]
    return [" ".join(line.split()[:2]) for line in table.rstrip().splitlines()]


def test_the_readme_shows_commands():
    assert len(OURS) >= 4
    assert len(THEIRS) >= 2


def test_python_examples_run(capsys):
    for example in re.findall(r"```python\n((?s:.+?))\n```", README):
        exec(example, {})
    assert "float16" in capsys.readouterr().out


@pytest.mark.parametrize(
    "names",
    [FORMATS, ORDERS, COLUMNS, CAUSES, {a for of in ALGORITHMS.values() for a in of}],
    ids=["formats", "orders", "columns", "causes", "algorithms"],
)
def test_every_choice_is_documented(names):
    missing = [name for name in names if f"`{name}`" not in README]
    assert not missing


@pytest.mark.parametrize(
    "command",
    ["check", "compare", "gate", "diff", "limits", "explain", "sweep", "report", "conformance",
     "invariance", "implementations"],
)  # fmt: skip
def test_every_option_is_documented(command, capsys):
    run([command, "--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    missing = [o for o in options if f"`{o}" not in README and f"{o}=" not in README]
    missing = [o for o in missing if f"{o} " not in README]
    assert not missing


def test_every_variable_is_documented(capsys):
    run(["gate", "--help"])
    run(["report", "--help"])
    run(["compare", "--help"])
    printed = " ".join(capsys.readouterr().out.split()).replace("SOFTAUDIT_ ", "SOFTAUDIT_")
    variables = set(re.findall(r"env var: (SOFTAUDIT_[A-Z_]+)", printed))
    assert len(variables) > 15
    assert variables == set(re.findall(r"`(SOFTAUDIT_[A-Z_]+)`", README))


@pytest.mark.processes
def test_pytest_prints_what_the_readme_shows(pytester):
    """But for figures: NumPy's float16 exp differs between processors at a few codes."""
    (example,) = (e for e in re.findall(r"```python\n((?s:.+?))\n```", README) if "def test_" in e)
    (shown,) = (t for t in re.findall(r"```text\n((?s:.+?))\n```", README) if "assert_" in t)
    pytester.makepyfile(example)
    (pytester.path / "fixtures").symlink_to(ROOT / "fixtures")
    printed = pytester.runpytest_subprocess("-p", "no:cacheprovider").stdout.lines
    start = next(i for i, line in enumerate(printed) if line.startswith(">"))
    lines = [line for line in printed[start:] if line][: shown.count("\n") + 1]
    assert without_figures("\n".join(lines)) == without_figures(shown)


def without_figures(text: str) -> list[str]:
    return re.sub(r"[−\d][\d.e-]*", "#", " ".join(text.split())).split()
