"""softaudit gate, and check with requirements: policies, baselines, saved results, precedence."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from math import inf, nextafter
from pathlib import Path

import numpy as np
import pytest

from softaudit.audit import audit
from softaudit.render import SUFFIXES

LOGITS = np.array([[12.0, 1.0, 0.5], [0.0, -20.0, 3.0], [13.0, 1.0, 2.0], [0.25, 0.5, 4.0]])
F16 = ("--format", "float16")
FAILS = "softmax/float16/naive: overflow.result <= 0"
HOLDS = "softmax/float16/stable: overflow.result <= 0"


@pytest.fixture(autouse=True)
def _logits(_nothing_set):
    np.save("a.npy", LOGITS)


def write(name: str, *lines: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def required(where: str = "softmax/float16/stable", limit: str = "at-most = 40", **rest) -> str:
    more = "".join(f"{key} = {value!r}\n" for key, value in rest.items())
    return f'[[require]]\nwhere = "{where}"\nmetric = "ulp.max"\n{limit}\n{more}'


def under(text: str) -> str:
    """Move a policy into pyproject.toml."""
    return "[tool.softaudit]\n" + text.replace("[[require]]", "[[tool.softaudit.require]]")


POLICY = 'format = "float16"\ninputs = ["a.npy"]\n'


@pytest.fixture
def gated(softaudit):
    """Run the gate, and give its code and its judgement."""

    def run(*arguments: str) -> tuple[int, dict]:
        ended = softaudit("gate", *arguments, "--output-format", "json")
        assert ended.err == ""
        return ended.code, json.loads(ended.out)["judgement"]

    return run


class TestPolicy:
    """Where requirements stand, and what stands beside them."""

    def test_pyproject(self, gated):
        write("pyproject.toml", under(POLICY + required()))
        code, judgement = gated()
        assert code == 0
        (ruling,) = judgement["requirements"]
        assert (ruling["where"], ruling["at-most"], ruling["passed"]) == (
            "softmax/float16/stable", 40, True,
        )  # fmt: skip

    def test_a_file_of_its_own(self, gated):
        write("policy.toml", POLICY, required(limit="at-most = 0.001"))
        code, judgement = gated("--policy", "policy.toml")
        assert (code, judgement["passed"]) == (1, False)

    def test_a_policy_takes_the_place_of_pyproject(self, gated):
        """Its requirements, its inputs, its baseline and its options, all of them."""
        write("pyproject.toml", under(
            'temperature = 3.0\nbaseline = "none.txt"\ninputs = ["none.npy"]\n'
            + required("softmax/float64/naive", "at-most = 0")))  # fmt: skip
        write("policy.toml", POLICY, required())
        ended_code, judgement = gated("--policy", "policy.toml")
        assert ended_code == 0
        assert judgement["baseline"] is None
        assert [r["where"] for r in judgement["requirements"]] == ["softmax/float16/stable"]

    def test_the_command_line_adds_to_it(self, gated):
        write("pyproject.toml", under(POLICY + required()))
        code, judgement = gated("--require", FAILS, "--require", HOLDS)
        assert code == 1
        assert [r["passed"] for r in judgement["requirements"]] == [True, False, True]

    def test_check_does_not_read_requirements_of_pyproject(self, softaudit):
        write("pyproject.toml", under(POLICY + required(limit="at-most = 0.001")))
        assert softaudit("check", "a.npy").code == 0
        assert softaudit("check", "a.npy", "--require", FAILS).code == 1

    def test_check_reads_those_of_a_policy(self, softaudit):
        write("policy.toml", POLICY, required(limit="at-most = 0.001"))
        assert softaudit("check", "a.npy", "--policy", "policy.toml").code == 1

    @pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/fd")
    @pytest.mark.parametrize("command", ["check", "gate"])
    def test_a_policy_from_a_pipe(self, softaudit, command):
        """As a shell's <(…) gives it: what is read once must not be looked for again."""
        reading, writing = os.pipe()
        os.write(writing, (POLICY + required(limit="at-most = 0.001")).encode())
        os.close(writing)
        ended = softaudit(command, "a.npy", "--policy", f"/dev/fd/{reading}")
        os.close(reading)
        assert ended.code == 1

    def test_inputs_on_the_command_line_beat_those_of_the_policy(self, gated):
        np.save("b.npy", LOGITS[1:2])
        write("pyproject.toml", under(POLICY + required("softmax/float16/naive")))
        assert gated()[0] == 1
        assert gated("b.npy")[0] == 0

    @pytest.mark.parametrize(("level", "code"), [("warning", 0), ("error", 1)])
    def test_levels(self, gated, level, code):
        write("p.toml", POLICY, required(limit="at-most = 0.001", level=level))
        found, judgement = gated("--policy", "p.toml")
        assert (found, judgement["passed"]) == (code, code == 0)
        assert not judgement["requirements"][0]["passed"]

    def test_options_beat_variables_which_beat_the_policy(self, gated, monkeypatch):
        write("p.toml", 'format = "float64"\ninputs = "a.npy"\n', required("softmax/*/stable"))

        def cells(*arguments):
            (ruling,) = gated("--policy", "p.toml", *arguments)[1]["requirements"]
            return [verdict["cell"] for verdict in ruling["verdicts"]]

        assert cells() == ["softmax/float64/stable"]
        monkeypatch.setenv("SOFTAUDIT_FORMAT", "bfloat16")
        assert cells() == ["softmax/bfloat16/stable"]
        assert cells(*F16) == ["softmax/float16/stable"]

    def test_variables_of_the_gate(self, softaudit, gated, monkeypatch):
        write("p.toml", POLICY, required(limit="at-most = 0.001"))
        write("other.toml", POLICY, required())
        monkeypatch.setenv("SOFTAUDIT_POLICY", "p.toml")
        assert gated()[0] == 1
        assert gated("--policy", "other.toml")[0] == 0
        monkeypatch.setenv("SOFTAUDIT_POLICY", "none.toml")
        ended = softaudit("gate")
        assert (ended.code, ended.err) == (
            2, "softaudit: none.toml: cannot be read: No such file or directory\n",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "value"),
        [("TOLERANCE_PERCENT", "1e9"), ("TOLERANCE_ULP", "1e9")],
    )
    def test_tolerances_and_baseline_in_variables(self, softaudit, monkeypatch, name, value):
        assert softaudit("check", "a.npy", *F16, "--write-baseline", "base.txt").code == 0
        tighten("base.txt")
        monkeypatch.setenv("SOFTAUDIT_BASELINE", "base.txt")
        assert softaudit("gate", "a.npy", *F16).code == 1
        monkeypatch.setenv(f"SOFTAUDIT_{name}", value)
        assert softaudit("gate", "a.npy", *F16).code == 0


class TestFolders:
    """Paths are relative to the file that names them; what is reported is as seen from there."""

    @pytest.fixture
    def below(self, monkeypatch):
        def go(folder: str) -> None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            monkeypatch.chdir(folder)

        return go

    def test_pyproject_in_a_folder_above(self, softaudit, below, tmp_path):
        inputs = 'inputs = ["a.npy", "dumps/*.npy"]'
        write(
            "pyproject.toml", under(f'{inputs}\nformat = "float16"\nbaseline = "base/line.txt"\n')
        )
        Path("dumps").mkdir()
        np.save("dumps/b.npy", LOGITS[1:])
        Path("base").mkdir()
        assert softaudit("gate", "--write-baseline", "base/line.txt").code == 0
        texts = [softaudit("gate", "--output-format", "json-lines").out]
        for folder in ("deep/er", "../../dumps"):
            below(folder)
            ended = softaudit("gate", "--output-format", "json-lines", "-o", "r.json")
            assert (ended.code, ended.err) == (0, "")
            assert str(tmp_path) not in ended.out + Path("r.json").read_text(encoding="utf-8")
            texts.append(ended.out)
        inputs = [json.loads(line).get("input") for line in texts[1].splitlines()]
        assert dict.fromkeys(filter(None, inputs)) == {"a.npy": None, "dumps/b.npy": None}
        judged = [[line for line in text.splitlines() if '"command"' not in line] for text in texts]
        assert judged[0] == judged[1] == judged[2]

    def test_the_commands_are_for_where_one_is(self, softaudit, below):
        write("pyproject.toml", under('format = "float16"\ninputs = ["a.npy"]\n'))
        below("deep")
        ended = softaudit("gate", "--require", FAILS, "--output-format", "json")
        (verdict,) = json.loads(ended.out)["judgement"]["requirements"][0]["verdicts"]
        assert verdict["input"] == "a.npy"
        assert softaudit(*shlex.split(verdict["command"])[1:]).code == 1

    def test_a_policy_elsewhere(self, softaudit, below):
        write("rules/p.toml", 'format = "float16"\ninputs = ["../a.npy"]\nbaseline = "b.txt"\n')
        assert softaudit("gate", "--policy", "rules/p.toml", "--write-baseline", "rules/b.txt"
                         ).code == 0  # fmt: skip
        assert softaudit("gate", "--policy", "rules/p.toml").code == 0
        below("rules")
        assert softaudit("gate", "--policy", "p.toml").code == 0

    def test_wildcards_sorted_and_each_file_once(self, gated):
        for name in ("d/c.npy", "d/b.npy", "d/e/f.npy", "d/.hidden.npy"):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            np.save(name, LOGITS[:1])
        write("p.toml", 'format = "float16"\ninputs = ["d/**/*.npy", "a.npy", "d/b.npy"]\n',
              required())  # fmt: skip
        (ruling,) = gated("--policy", "p.toml")[1]["requirements"]
        assert [v["input"] for v in ruling["verdicts"]] == ["d/b.npy", "d/c.npy", "d/e/f.npy",
                                                            "a.npy"]  # fmt: skip

    def test_literals_among_inputs(self, gated):
        write("p.toml", 'format = "float16"\ninputs = ["[1, 2]", "a.npy"]\n', required())
        (ruling,) = gated("--policy", "p.toml")[1]["requirements"]
        assert [v["input"] for v in ruling["verdicts"]] == ["[1, 2]", "a.npy"]

    def test_saved_results_among_inputs(self, softaudit, gated):
        softaudit("check", "a.npy", *F16, "-o", "saved.json")
        write("p.toml", 'inputs = ["*.json"]\n', required())
        assert gated("--policy", "p.toml")[0] == 0

    @pytest.mark.parametrize(
        ("inputs", "says"),
        [
            ('["none/*.npy"]', "p.toml: inputs: 'none/*.npy' matches no file"),
            ('["a.npy", "*.npz"]', "p.toml: inputs: '*.npz' matches no file"),
            ('["none.npy"]', "none.npy: no such file"),
            ("[]", "nothing to judge: name an INPUT, or inputs = [...] in p.toml"),
            ('["."]', "a directory"),
            ('["a.npy", "a.json"]', "a.json: is a saved result; judge it apart from logits"),
        ],
    )
    def test_inputs_that_are_not_there(self, fails, inputs, says):
        write("p.toml", f"inputs = {inputs}\n", required())
        assert says in fails("gate", "--policy", "p.toml")


class TestWrongPolicies:
    """Whatever is wrong in a policy is one line that names the file and what was meant."""

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("[[require]", "cannot be read"),
            ("a = ", "cannot be read"),
            ("format = 1\nformat = 2\n", "cannot be read"),
            ("x = " + "[" * 5000, "cannot be read"),
            ("temperature = " + "9" * 5000, "cannot be read"),
            ("requires = []", "unknown setting requires: did you mean require?"),
            ("fromat = 'float16'", "unknown setting fromat: did you mean format?"),
            ("zzz = 1", "unknown setting zzz: choose from function, format"),
            ("require = 1", "require is no list of tables: [[require]]"),
            ("require = ['a']", "require is no list of tables"),
            ("[require]\nwhere = '*'", "require is no list of tables"),
            ("inputs = 1", "inputs is 1: give a list of files"),
            ("inputs = [1]", "inputs is [1]: give a list of files"),
            ("baseline = 1", "baseline is 1: give a file's name"),
            ("baseline = ''", "baseline is '': give a file's name"),
            ("baseline = 'none.txt'", "none.txt: there is no such baseline"),
            ("baseline = '.'", ".: is a directory"),
            ("baseline = 'a.npy'", "a.npy: is no UTF-8 text"),
            ("tolerance-percent = '10'", "tolerance-percent is '10': give a number"),
            ("tolerance-ulp = true", "tolerance-ulp is True: give a number"),
            ("tolerance-ulp = -1", "tolerance ulp -1: must be 0 or more"),
            ("tolerance-elsewhere = 0.5", "tolerance elsewhere 0.5: must be 1 or more"),
            ("tolerance-percent = nan", "tolerance percent nan: must be 0 or more"),
            ("format = 'flaot16'", "did you mean float16?"),
            ("[[require]]\nwere = '*'", "require 1: unknown key 'were': did you mean where?"),
            (required() + required("softmax/float16/stabel"), "require 2: unknown algorithm"),
            (required("softmax/float64/*"), "require 1: 'softmax/float64/*' matches no cell"),
            (required(input="b.npy"), "require 1: input 'b.npy' matches no input"),
            (required(limit=""), "require 1: give one of at-most and at-least"),
        ],
    )  # fmt: skip
    def test_of_the_text(self, fails, text, says):
        arguments = () if "format" in text else F16
        write("p.toml", text)
        said = fails("gate", "a.npy", "--policy", "p.toml", *arguments, "--require", HOLDS)
        assert says in said
        if "require" in text or "cannot" in says:
            assert said.startswith("p.toml: ")

    @pytest.mark.parametrize(
        ("name", "says"),
        [("none.toml", "none.toml: cannot be read: No such file"), (".", ".: cannot be read: "),
         ("a.npy", "a.npy: cannot be read: "), ("none/p.toml", "cannot be read"),
         ("", "cannot be read")],
    )  # fmt: skip
    def test_of_the_file(self, fails, name, says):
        assert says in fails("gate", "a.npy", "--policy", name, "--require", HOLDS)

    def test_of_pyproject(self, fails):
        write("pyproject.toml", under("requires = []\n"))
        assert "unknown setting tool.softaudit.requires: did you mean require?" in fails("gate")

    def test_nothing_is_required(self, fails):
        assert "nothing to judge" in fails("gate")
        assert "nothing is required: write [[tool.softaudit.require]] in pyproject.toml" in fails(
            "gate", "a.npy"
        )
        write("p.toml", POLICY)
        assert "nothing is required" in fails("gate", "--policy", "p.toml", "--exit-zero")

    @pytest.mark.parametrize("tolerance", ["nan", "-1", "x"])
    def test_tolerances(self, fails, tolerance):
        assert "tolerance" in fails("gate", "a.npy", "--require", HOLDS,
                                    f"--tolerance-percent={tolerance}")  # fmt: skip


def tighten(name: str) -> None:
    """Make the largest error of a cell smaller by half than it was."""
    lines = Path(name).read_text(encoding="utf-8").splitlines()
    place = next(i for i, line in enumerate(lines) if '"log_softmax/float16/stable"' in line)
    entry = json.loads(lines[place])
    for metric in ("ulp.max", "ulp.p99", "ulp.p999"):
        entry[metric] /= 2
    lines[place] = json.dumps(entry)
    Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")


class TestBaseline:
    """Written, compared with, and never a reason to pass what is damaged."""

    @pytest.fixture(autouse=True)
    def _written(self, softaudit, _logits):
        assert softaudit("check", "a.npy", *F16, "--write-baseline", "base.txt").code == 0

    def test_against_itself(self, softaudit):
        for command in ("check", "gate"):
            ended = softaudit(command, "a.npy", *F16, "--baseline", "base.txt")
            assert ended.code == 0
            assert ended.out.endswith(
                "passes  5 cells beside the baseline: 0 worse, 0 new, 0 stale, 0 fixed\n"
            )

    def test_gate_and_check_write_the_same(self, softaudit):
        assert softaudit("gate", "a.npy", *F16, "--write-baseline", "again.txt").code == 0
        softaudit("check", "a.npy", *F16, "-o", "saved.json")
        assert softaudit("gate", "saved.json", "--write-baseline", "saved.txt").code == 0
        assert len({Path(n).read_bytes() for n in ("base.txt", "again.txt", "saved.txt")}) == 1

    def test_worse_is_told_with_what_is_tolerated(self, softaudit):
        tighten("base.txt")
        ended = softaudit("gate", "a.npy", *F16, "--baseline", "base.txt")
        assert ended.code == 1
        assert "worse a.npy log_softmax/float16/stable: ulp.max is " in ended.out
        assert "3 worse, 0 new, 0 stale, 0 fixed" in ended.out
        for option in ("--tolerance-percent=100", "--tolerance-ulp=1e6"):
            assert softaudit("gate", "a.npy", *F16, "--baseline=base.txt", option).code == 0

    def test_the_command_of_what_is_worse_fails_the_same_way(self, softaudit):
        tighten("base.txt")
        ended = softaudit("gate", "a.npy", *F16, "--baseline=base.txt", "--output-format=json")
        changes = json.loads(ended.out)["judgement"]["baseline"]["changes"]
        assert [c["metric"] for c in changes] == ["ulp.max", "ulp.p99", "ulp.p999"]
        again = softaudit(*shlex.split(changes[0]["command"])[1:], "--output-format=json")
        assert again.code == 1
        (verdict,) = json.loads(again.out)["judgement"]["requirements"][0]["verdicts"]
        assert verdict["measured"] == changes[0]["measured"]
        assert verdict["limit"] == changes[0]["limit"]

    def test_a_requirement_beside_it(self, softaudit):
        both = softaudit("gate", "a.npy", *F16, "--baseline", "base.txt", "--require", FAILS)
        assert both.code == 1
        assert "0 worse" in both.out

    def test_other_cells_are_new_and_stale(self, softaudit):
        ended = softaudit("gate", "a.npy", "--format", "float16,bfloat16", "--function", "softmax",
                          "--baseline", "base.txt")  # fmt: skip
        assert ended.code == 1
        assert "0 worse, 2 new, 3 stale, 0 fixed" in ended.out

    def test_windows_line_ends_and_a_byte_order_mark(self, softaudit):
        data = Path("base.txt").read_bytes()
        for changed in (data.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + data, data.rstrip(b"\n")):
            Path("base.txt").write_bytes(changed)
            assert softaudit("gate", "a.npy", *F16, "--baseline", "base.txt").code == 0

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            (b"", "is empty; --write-baseline writes a baseline"),
            (b"\x93NUMPY\x00\xff", "is no UTF-8 text"),
            (b'{"schema": 1}', "is no baseline"),
            (b'{"softaudit_baseline": 2}', "a newer softaudit wrote it"),
        ],
    )
    def test_damaged(self, fails, data, says):
        Path("base.txt").write_bytes(data)
        said = fails("gate", "a.npy", "--baseline", "base.txt", "--exit-zero")
        assert said.startswith("base.txt: ")
        assert says in said

    def test_missing_or_a_directory(self, fails):
        assert "there is no such baseline" in fails("gate", "a.npy", "--baseline", "none.txt")
        assert "is a directory" in fails("gate", "a.npy", "--baseline", ".")

    def test_damage_is_found_before_anything_is_read(self, fails):
        Path("base.txt").write_bytes(b"")
        assert fails("gate", "none.npy", "--baseline", "base.txt").startswith("base.txt")

    def test_compared_and_written_at_once(self, fails, softaudit, monkeypatch):
        said = fails("gate", "a.npy", "--baseline", "base.txt", "--write-baseline", "new.txt")
        assert "exclude each other" in said
        # One that a file or a variable names is about to be accepted anew.
        tighten("base.txt")
        monkeypatch.setenv("SOFTAUDIT_BASELINE", "base.txt")
        assert softaudit("gate", "a.npy", *F16).code == 1
        assert softaudit("gate", "a.npy", *F16, "--write-baseline", "base.txt").code == 0
        assert softaudit("gate", "a.npy", *F16).code == 0

    def test_written_beside_a_requirement_that_fails(self, softaudit):
        ended = softaudit("gate", "a.npy", *F16, "--write-baseline=new.txt", "--require", FAILS)
        assert ended.code == 1
        assert Path("new.txt").read_bytes() == Path("base.txt").read_bytes()

    def test_two_inputs_of_one_name(self, fails):
        for folder in ("x", "y"):
            Path(folder).mkdir()
            np.save(f"{folder}/a.npy", LOGITS)
        np.savez("m.npz", a=LOGITS)
        said = fails("check", "a.npy", "./a.npy", "--write-baseline", "new.txt")
        assert "a.npy: is there twice; a baseline cannot tell them apart" in said
        assert not Path("new.txt").exists()


class TestSaved:
    """Results that were saved are judged again, and nothing is computed."""

    @pytest.fixture(autouse=True)
    def _saved(self, softaudit, _logits):
        ended = softaudit("check", "a.npy", "[1, 2]", *F16, "-o", "saved.json",
                          "--write-baseline", "base.txt")  # fmt: skip
        assert ended.code == 0

    def test_nothing_is_computed(self, softaudit, monkeypatch):
        def refuse(*_args, **_kwargs):
            raise AssertionError

        Path("a.npy").unlink()
        monkeypatch.setattr(sys.modules["softaudit.audit"], "audit", refuse)
        monkeypatch.setattr("softaudit.sources.read", refuse)
        assert softaudit("gate", "saved.json", "--require", HOLDS).code == 0
        assert softaudit("gate", "saved.json", "--baseline", "base.txt").code == 0

    @pytest.mark.parametrize("kind", ["json", "json-lines", "csv", "junit", "sarif", "github",
                                      "markdown", "table"])  # fmt: skip
    def test_the_same_words_as_of_the_fresh_ones(self, softaudit, kind):
        asked = ("--require", FAILS, "--require", HOLDS, "--output-format", kind)
        fresh = softaudit("gate", "a.npy", "[1, 2]", *F16, *asked)
        saved = softaudit("gate", "saved.json", *asked)
        assert saved == fresh
        assert saved.code == 1

    def test_several(self, softaudit):
        np.save("b.npy", LOGITS[1:2])
        softaudit("check", "b.npy", *F16, "-o", "b.json")
        ended = softaudit("gate", "saved.json", "b.json", "--require", HOLDS,
                          "--output-format=json")  # fmt: skip
        assert ended.code == 0
        names = [a["source"]["name"] for a in json.loads(ended.out)["audits"]]
        assert names == ["a.npy", "[1, 2]", "b.npy"]

    def test_results_of_several_versions(self, softaudit, fails):
        """A baseline has one head: such results are compared, with a note, but make none."""
        text = Path("saved.json").read_text(encoding="utf-8")
        document = json.loads(text.replace("a.npy", "b.npy"))
        document["audits"] = document["audits"][:1]
        document["tool"]["numpy"] = "1.99"
        document["environment"]["processor_features"] = ["SVE"]
        Path("b.json").write_text(json.dumps(document), encoding="utf-8")
        both = ("gate", "saved.json", "b.json")
        assert softaudit(*both, "--require", HOLDS).code == 0
        ended = softaudit(*both, "--baseline", "base.txt")
        assert ended.code == 1
        assert "0 worse, 1 new" in ended.out
        assert "several versions" not in ended.out  # which no float16 figure depends on
        said = fails(*both, "--write-baseline", "new.txt")
        assert said == "the results' numpy are not the same; write a baseline for each"

    @pytest.mark.parametrize(
        ("option", "said"),
        [("--format=float16", "--format"), ("--axis=0", "--axis"), ("--row=0", "--row"),
         ("--save-worst=w.npy", "--save-worst"), ("--accumulate=float32", "--accumulate"),
         ("--against=naive", "--against"), ("--implementation=torch", "--implementation"),
         ("--device=cuda", "--device"), ("--timeout=3", "--timeout")],
    )  # fmt: skip
    def test_what_cannot_be_asked_of_them(self, fails, option, said):
        found = fails("gate", "saved.json", option, "--require", HOLDS)
        assert found.startswith(f"saved.json: is judged as it was saved; drop {said}")

    def test_settings_of_pyproject_do_not_concern_them(self, softaudit):
        write("pyproject.toml", "[tool.softaudit]", 'format = "float64"', "axis = 0")
        assert softaudit("gate", "saved.json", "--require", HOLDS).code == 0

    @pytest.mark.parametrize(
        ("data", "says"),
        [(b"", "is not JSON"), (b"{}", 'has no "schema"'), (b"\xff\xfe", "is no UTF-8 text"),
         (b'{"schema": 7}', "a newer softaudit wrote it")],
    )  # fmt: skip
    def test_damaged(self, fails, data, says):
        Path("saved.json").write_bytes(data)
        said = fails("gate", "saved.json", "--require", HOLDS, "--exit-zero")
        assert said.startswith("saved.json: ")
        assert says in said

    def test_missing(self, fails):
        assert "none.json: no such file" in fails("gate", "none.json", "--require", HOLDS)

    def test_beside_logits(self, fails):
        assert "judge it apart from logits" in fails("gate", "saved.json", "a.npy")


class TestFailures:
    """Each says what was measured and what is allowed, where, and how to see it again."""

    def test_every_command_fails_the_same_way(self, softaudit):
        np.savez("m.npz", x=LOGITS.T, y=LOGITS)
        asked = ("--format", "float16,bfloat16", "--compute", "float32", "--order",
                 "sequential,pairwise", "--temperature", "0.5", "--axis", "0", "--key", "x",
                 "--sample", "3")  # fmt: skip
        require = ("--require", "*: ulp.max <= 0.4", "--require", "softmax/*: elements >= 10")
        ended = softaudit("gate", "m.npz", *asked, *require, "--output-format", "json")
        assert ended.code == 1
        rulings = json.loads(ended.out)["judgement"]["requirements"]
        failed = [v for ruling in rulings for v in ruling["verdicts"] if not v["passed"]]
        assert len(failed) > 10
        for verdict in failed:
            again = softaudit(*shlex.split(verdict["command"])[1:], "--output-format", "json")
            assert again.code == 1
            ((found,),) = (r["verdicts"] for r in
                           json.loads(again.out)["judgement"]["requirements"])  # fmt: skip
            same = ("measured", "limit", "cell", "metric", "worst", "text", "command")
            assert {k: found[k] for k in same} == {k: verdict[k] for k in same}

    @pytest.mark.processes
    def test_the_command_as_it_is_printed(self, process):
        """Unfolded from the screen, and run by a shell's rules in a process of its own."""
        printed = process("gate", "a.npy", *F16, "--require", FAILS, COLUMNS="1000")
        assert printed.code == 1
        (command,) = (line.strip() for line in printed.out.splitlines() if "--require" in line)
        again = process(*shlex.split(command)[1:], COLUMNS="1000")
        assert again.code == 1
        line = next(line for line in printed.out.splitlines() if line.startswith("fails a.npy"))
        assert line in again.out

    @pytest.mark.parametrize(
        ("where", "metric"),
        [("softmax/*/stable", "ulp.mean"), ("*/naive", "ulp.p50"), ("*", "overflow.result")],
    )
    def test_the_limit_as_it_is_printed_passes(self, softaudit, monkeypatch, where, metric):
        monkeypatch.setenv("COLUMNS", "200")
        found = softaudit("gate", "a.npy", *F16, "--require", f"{where}: {metric} <= -1")
        (line,) = (line for line in found.out.splitlines() if f"{metric} <= -1" in line
                   and not line.startswith(("fails a.npy", " ")))  # fmt: skip
        printed = float(line.split()[1])
        asked = ["--require", f"{where}: {metric} <= -1", "--output-format", "json"]
        (told,) = json.loads(softaudit("gate", "a.npy", *F16, *asked).out)["judgement"][
            "requirements"
        ]
        least = float(told["passing"])
        assert least <= printed <= least * (1 + 1e-5)  # up to six digits, rounded up
        for limit, code in ((printed, 0), (least, 0), (nextafter(least, -inf), 1)):
            line = f"{where}: {metric} <= {limit!r}"
            assert softaudit("gate", "a.npy", *F16, "--require", line).code == code

    def test_at_least(self, softaudit):
        line = "softmax/float16/stable: correctly_rounded >= 12"
        ended = softaudit("gate", "a.npy", *F16, "--require", line)
        assert ended.code == 1
        assert "correctly_rounded is " in ended.out
        assert "at least 12 is required" in " ".join(ended.out.split())


@pytest.mark.processes
@pytest.mark.parametrize("require", [FAILS, HOLDS])
def test_no_number_of_jobs_and_no_block_size_changes_a_byte(softaudit, monkeypatch, require):
    """All outputs, the baseline and the worst rows, of two processes and of blocks of one row."""
    rng = np.random.default_rng(3)
    np.save("a.npy", np.concatenate([np.tile(LOGITS, (4, 1)), rng.normal(0, 9, (24, 3))]))
    monkeypatch.setattr(sys.modules["softaudit.audit"], "WORTH_SHARING", 0)

    def run(folder: str, jobs: int, block: int) -> dict[str, bytes | str]:
        monkeypatch.setitem(audit.__kwdefaults__, "block", block)
        Path(folder).mkdir()
        files = [f"r{suffix}" for suffix in SUFFIXES] + ["github:r.github"]
        outputs = [word for name in files for word in ("-o", name.replace("r.", f"{folder}/r."))]
        ended = softaudit("gate", "a.npy", "--format", "float16,float32", "--require", require,
                          "--write-baseline", f"{folder}/base", "--save-worst", f"{folder}/w.npy",
                          "--jobs", str(jobs), "--progress", "never", *outputs)  # fmt: skip
        assert ended.err == ""
        made = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
        assert len(made) == len(SUFFIXES) + 3
        return {**made, "out": ended.out, "code": str(ended.code)}

    first = run("one", 1, 10**6)
    assert run("two", 2, 9) == first
    assert run("three", 1, 1) == first
    assert first["code"] == ("1" if require == FAILS else "0")


class TestNothingPassesUnseen:
    """What could have been a pass of nothing: pipes that break, rows that are lost."""

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
    @pytest.mark.processes
    def test_a_pipe_whose_reader_goes(self, process):
        """The reader opens the pipe and leaves: nothing was written, and nobody says 0."""
        os.mkfifo("pipe")
        with subprocess.Popen(["sh", "-c", "exec 3<pipe; exec 3<&-"]):
            ended = process("gate", "a.npy", *F16, "--require", FAILS, "-o", "csv:pipe",
                            "-o", "r.json", "--write-baseline", "b.txt")  # fmt: skip
        assert (ended.code, ended.out) == (2, "")
        assert ended.err == (
            "softaudit: results cannot be written: whoever was to read them has gone\n"
        )
        assert not Path("r.json").exists()
        assert not Path("b.txt").exists()

    @pytest.mark.parametrize(
        ("words", "code"), [(("gate", "nothing.npy", "--require", "*: ulp.max <= 1"), 2),
                            (("gate", "a.npy", "--format", "float16", "--require", FAILS), 1)],
    )  # fmt: skip
    @pytest.mark.processes
    def test_nobody_reads_standard_error(self, words, code):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([sys.executable, "-m", "softaudit", *words, "--progress", "always"],
                              stderr=writing, stdout=subprocess.DEVNULL, check=False)  # fmt: skip
        os.close(writing)
        assert done.returncode == code

    @pytest.mark.parametrize("row", [[np.nan, 1.0], [np.inf, 0.0], [-np.inf, -np.inf]])
    @pytest.mark.parametrize("metric", ["overflow.result", "underflow.premature", "elements"])
    def test_no_row_could_be_judged(self, fails, row, metric):
        np.save("nothing.npy", np.array([row, row]))
        said = fails("gate", "nothing.npy", *F16, "--require", f"softmax/*: {metric} <= 9")
        assert said.startswith("nothing.npy: no row of it could be judged in softmax/float16/naive")
        assert "no row of it" in fails("gate", "nothing.npy", *F16, "--write-baseline", "b.txt")

    def test_rows_that_are_lost_are_told(self, softaudit):
        """1e5 is beyond float16: its row is lost to the cast, and the other passes alone."""
        np.save("lost.npy", np.array([[1e5, 0.0], [1.0, 0.0]]))
        ended = softaudit("gate", "lost.npy", *F16, "--require", "*: overflow.result <= 0")
        assert ended.code == 0
        assert "1 logit beyond ±65504; 1 row lost, first (0)" in " ".join(ended.out.split())
        np.save("some.npy", np.array([[np.nan, 0.0], [1.0, 0.0]]))
        ended = softaudit("gate", "some.npy", *F16, "--require", "softmax/*: overflow.result <= 0")
        assert "1 row with NaN is out of the statistics, first (0)" in " ".join(ended.out.split())

    def test_cells_that_are_skipped_are_told(self, softaudit):
        words = ("--format=float8_e5m2,float32", "--function=softmax", "--algorithm=stable")
        line = "*/float32/*: ulp.max <= 1e9"
        ended = softaudit("gate", "a.npy", *words, "--temperature=1e-6", "--require", line)
        assert ended.code == 0
        assert "1 cell skipped: temperature 1e-06 becomes 0 in float8_e5m2" in ended.out

    def test_results_under_another_suffix(self, softaudit):
        assert softaudit("check", "a.npy", *F16, "-o", "json:result.out").code == 0
        assert softaudit("gate", "result.out", "--require", FAILS).code == 1

    def test_brackets_in_names_are_brackets(self, softaudit):
        Path("d [1]").mkdir()
        np.save("d [1]/x.npy", LOGITS)
        write("p.toml", 'format = "float16"\ninputs = ["d [1]/x.npy"]\n[[require]]\n'
              'where = "*"\nmetric = "elements"\nat-least = 1\ninput = "d [1]/*"\n')  # fmt: skip
        assert softaudit("gate", "--policy", "p.toml").code == 0

    @pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no descriptors as files here")
    @pytest.mark.processes
    def test_process_substitution(self):
        words = [sys.executable, "-m", "softaudit", "check", "a.npy", *F16, "-q"]
        script = f"{shlex.join(words)} -o json:>(cat > got.json); wait; sleep 0.3"
        done = subprocess.run(["bash", "-c", script], capture_output=True, check=False)
        assert done.stderr == b""
        assert json.loads(Path("got.json").read_text())["schema"] == 1

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
    @pytest.mark.processes
    def test_logits_from_a_pipe(self, process):
        os.mkfifo("in.npy")
        with subprocess.Popen(["sh", "-c", "cat a.npy > in.npy"]):
            assert process("gate", "in.npy", *F16, "--require", HOLDS).code == 0

    @pytest.mark.processes
    def test_a_dash_is_standard_input_and_no_file(self, process, fails):
        assert "--output-format says what" in fails("check", "a.npy", *F16, "-o", "json:-")
        Path("-").write_text("{}")
        stdin = Path("a.npy").read_bytes()
        assert process("gate", "-", *F16, "--require", FAILS, stdin=stdin).code == 1

    @pytest.mark.parametrize(
        ("here", "word", "file"),
        [("sub", "a.npy", "sub/a.npy"), (".ci/gate", "a.npy", ".ci/gate/a.npy"),
         (".", "a.npy", "a.npy"), (".ci/gate", "../../a.npy", "a.npy")],
    )  # fmt: skip
    def test_annotations_name_files_from_the_workspace(
        self, softaudit, monkeypatch, here, word, file
    ):
        monkeypatch.setenv("GITHUB_WORKSPACE", str(Path.cwd()))
        Path(here).mkdir(parents=True, exist_ok=True)
        if here != ".":
            np.save(Path(here) / "a.npy", LOGITS)
        monkeypatch.chdir(here)
        ended = softaudit("gate", word, *F16, "--require", FAILS, "--output-format", "github")
        assert ended.code == 1
        assert f",file={file}::" in ended.out

    def test_other_settings_are_told_as_such(self, softaudit):
        assert softaudit("gate", "a.npy", *F16, "--write-baseline", "b.txt").code == 0
        again = ("gate", "a.npy", *F16, "--baseline", "b.txt", "--elementary", "correct")
        told = " ".join(softaudit(*again).out.split())
        assert "with default settings, and it was audited with elementary correct" in told
        assert "5 cells not in the baseline with elementary correct" in told


@pytest.mark.parametrize("modes", [["--subnormals", "flush"], ["--saturate"]])
def test_cells_with_modes_stand_in_baselines(softaudit, tmp_path, modes):
    path = str(tmp_path / "b.jsonl")
    asked = ("gate", "[3, 2, 1]", "--format", "float8_e5m2", "--algorithm", "all", *modes)
    assert softaudit(*asked, "--write-baseline", path).code == 0
    ended = softaudit(*asked, "--baseline", path)
    assert (ended.code, ended.err) == (0, "")
