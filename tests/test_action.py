"""The GitHub Action and the pre-commit hook: their scripts run as GitHub runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
INSTALL, GATE = ACTION["runs"]["steps"]
STUB = """#!/bin/sh
for word in "$0" "$@"; do printf '%s\\0' "$word"; done > "$RECORD"
echo "::error::from the gate"
exit "$CODE"
"""


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def step(tmp_path):
    """Run a step's script, with inputs in its variables, as `shell: bash` does."""

    def run(of: dict, code: int = 0, **inputs: str) -> subprocess.CompletedProcess:
        given = {name: i["default"] for name, i in ACTION["inputs"].items()} | inputs
        named = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")
        env = {n: named.sub(lambda m: given[m[1]], value) for n, value in of["env"].items()}
        script = tmp_path / "script.sh"
        script.write_text(of["run"], encoding="utf-8")
        github = {
            "RUNNER_TEMP": str(tmp_path / "a runner's $temp"),
            "GITHUB_ACTION_PATH": str(tmp_path / "the action"),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "RECORD": str(tmp_path / "record"),
            "CODE": str(code),
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=tmp_path, env={**os.environ, **github, **env}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    return run


def recorded(tmp_path: Path) -> list[str]:
    return (tmp_path / "record").read_text(encoding="utf-8").split("\0")[:-1]


@pytest.fixture
def gate(step, tmp_path):
    """Run the gate's step with a softaudit that writes down what it was given."""
    bin_ = tmp_path / "a runner's $temp" / "softaudit" / "bin"
    executable(bin_ / "softaudit", STUB)
    executable(bin_ / "python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')

    def run(code: int = 0, **inputs: str) -> tuple[subprocess.CompletedProcess, list[str]]:
        ended = step(GATE, code, **inputs)
        program, *words = recorded(tmp_path)
        assert program == str(bin_ / "softaudit")
        return ended, words

    return run


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (0, ""),
        (1, ""),
        (2, "itself failed (exit 2); its last line says why"),
        (130, "was interrupted (exit 130)"),
    ],
)
def test_exit_codes_pass_through_and_those_without_a_verdict_are_told(gate, tmp_path, code, told):
    ended, words = gate(code)
    begin = "::error title=softaudit gate::nothing was judged: the run"
    lines = ["::error::from the gate", *([f"{begin} {told}"] if told else [])]
    assert (ended.returncode, ended.stdout.splitlines(), ended.stderr) == (code, lines, "")
    assert words == ["gate", "--output-format", "github"]
    assert (tmp_path / "output").read_text() == f"exit-code={code}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("a.npy b.npy", ["a.npy", "b.npy"]),
        ("'my logits.npy' --require 'softmax/*: ulp.max <= 40'",
         ["my logits.npy", "--require", "softmax/*: ulp.max <= 40"]),
        ("a.npy\n  --baseline base.json\n", ["a.npy", "--baseline", "base.json"]),
        ("''", [""]),
        (r"a\ b \"", ["a b", '"']),
        ("* $HOME ~ $(touch injected) `touch injected` ; touch injected & | > injected",
         ["*", "$HOME", "~", "$(touch", "injected)", "`touch", "injected`", ";", "touch",
          "injected", "&", "|", ">", "injected"]),
        ("'\"; touch injected; \"' \"$(touch injected)\"",
         ['"; touch injected; "', "$(touch injected)"]),
        ("[40,0] '[1, −2]' é.npy -- -x", ["[40,0]", "[1, −2]", "é.npy", "--", "-x"]),
        ("PYTHON\nPYTHON", ["PYTHON", "PYTHON"]),
    ],
)  # fmt: skip
def test_arguments_are_words_and_never_code(gate, tmp_path, arguments, words):
    ended, found = gate(arguments=arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert found == ["gate", *words, "--output-format", "github"]
    assert not (tmp_path / "injected").exists()


def test_sarif_goes_to_a_file(gate):
    _, words = gate(sarif="out dir/$x 'y'.sarif")
    assert words == ["gate", "--output-format", "github", "--output", "out dir/$x 'y'.sarif"]


def test_a_quote_that_is_not_closed(step, gate, tmp_path):
    ended = step(GATE, arguments="a.npy '")
    assert ended.returncode == 2
    assert ended.stderr == "::error::softaudit: arguments: No closing quotation; close the quote\n"
    assert (tmp_path / "output").read_text() == "exit-code=2\n"
    assert not (tmp_path / "record").exists()


def test_softaudit_is_installed_in_an_environment_of_its_own(step, tmp_path):
    """The Python named makes the environment, whose own pip gets the action's folder."""
    made = 'mkdir -p "$3/bin"; cp "$0" "$3/bin/python"'
    record = 'for word in "$@"; do printf \'%s\\0\' "$word"; done > "$RECORD"'
    python = tmp_path / "a python"
    executable(python, f'#!/bin/sh\nif [ "$2" = venv ]; then {made}; else {record}; fi\n')
    assert step(INSTALL, python=str(python)).returncode == 0
    assert recorded(tmp_path) == [
        "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        str(tmp_path / "the action"),
    ]  # fmt: skip
    executable(python, "#!/bin/sh\nexit 1\n")
    assert step(INSTALL, python=str(python)).returncode == 2  # 1 is a requirement that fails


def test_no_expression_stands_in_a_script():
    assert all("${{" not in step["run"] for step in (INSTALL, GATE))
    used = {name for s in (INSTALL, GATE) for name in re.findall(r"inputs\.([a-z-]+)", str(s))}
    assert used == set(ACTION["inputs"])
    assert all(i["description"] and i["default"] is not None for i in ACTION["inputs"].values())
    assert ACTION["runs"]["using"] == "composite"
    assert all(step["shell"] == "bash" for step in (INSTALL, GATE))


def test_the_pre_commit_hook():
    """What pre-commit demands of a manifest: these keys, and nothing it does not know."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    known = {"id", "name", "description", "entry", "language", "pass_filenames", "files"}
    assert {"id", "name", "entry", "language"} <= hook.keys() <= known
    assert (hook["language"], hook["pass_filenames"]) == ("python", False)
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert hook["entry"].split()[0] in scripts
    asked = re.compile(hook["files"]).search
    logits = ["a.npy", "b/c.npz", "h.safetensors", "d.csv", "e.tsv", "b/f.csv.gz", "g.tsv.gz"]
    assert all(map(asked, [*logits, "base.jsonl", "pyproject.toml", "x/policy.toml"]))
    others = ["a.npy.py", "npy", "pyproject.toml.txt", "a.gz", "a.npy.gz", "a.json", "acsv", "toml"]
    assert not any(map(asked, others))
