"""Exit codes, one-line errors, and what is left on disk and on standard output when things fail."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import softaudit as package
from softaudit import cli


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing.npy"], "nothing.npy: no such file"),
        (["[1, 2]", "nothing.npy"], "nothing.npy: no such file"),
        (["[1, x]"], "'x' is not a number"),
        (["[]"], "no elements"),
        ([""], ""),
        (["."], "a directory"),
        (["[1, 2]", "--format", "json"], "json is an output: --output-format json"),
        (["[1, 2]", "--format", "float16,table"], "table is an output: --output-format table"),
        (["[1, 2]", "--format", "flaot16"], "unknown format 'flaot16': did you mean float16?"),
        (["[1, 2]", "--function", "softmx"], "did you mean softmax?"),
        (["[1, 2]", "--function", "zzz"], "choose from softmax, log_softmax, logsumexp"),
        (["[1, 2]", "--algorithm", "stabel"], "did you mean stable?"),
        (["[1, 2]", "--compute", "float31"], "did you mean float32?"),
        (["[1, 2]", "--accumulate", "bfloat"], "did you mean bfloat16?"),
        (["[1, 2]", "--order", "sequental"], "did you mean sequential?"),
        (["[1, 2]", "--elementary", "corect"], "did you mean correct?"),
        (["[1, 2]", "--columns", "maxx"], "did you mean max?"),
        (["[1, 2]", "--output-format", "jsn"], "did you mean json?"),
        (["[1, 2]", "--format", "float32", "--compute", "float16"], "does not hold every float32"),
        (["[1, 2]", "--function", "softmax", "--algorithm", "log-of-softmax"], "no cell is left"),
        (["[1, 2]", "--format", "float16,"], "empty name"),
        (["[1, 2]", "--reference", "mpmaht"], "did you mean mpmath?"),
        (["[1, 2]", "--temperature", "0"], "temperature 0"),
        (["[1, 2]", "--temperature", "nan"], "temperature nan"),
        (["[1, 2]", "--temperature", "warm"], "temperature"),
        (["[1, 2]", "--worst", "-1"], "worst"),
        (["[1, 2]", "--sample", "0"], "sample"),
        (["[1, 2]", "--axis", "1"], "axis 1 is not there"),
        (["[1, 2]", "--axis", "x"], "axis"),
        (["[1, 2]", "--key", "a"], "--key a"),
        (["[1, 2]", "--row", "1"], "row 1 is not there"),
        (["[[1, 2], [3, 4]]", "--row", "2"], "row 2 is not there"),
        (["[[1, 2], [3, 4]]", "--row", "0,0"], "row 0,0 is not there"),
        (["[[1, 2], [3, 4]]", "--row", "x"], "must be integers"),
        (["[[1, 2], [3, 4]]", "--row", "0", "--sample", "1"], "exclude each other"),
        (["[1, 2]", "--bogus"], "No such option"),
        ([], "Missing argument"),
    ],
)
def test_every_failure_is_one_line_and_exit_2(fails, arguments, says):
    assert says in fails("check", *arguments)


def test_unknown_commands_suggest_the_nearest(fails):
    assert "check" in fails("chekc", "[1, 2]")


def test_files_of_other_kinds_say_how_to_save_them(fails):
    Path("model.pt").write_bytes(b"\x80\x02}q\x00.")
    assert "np.save" in fails("check", "model.pt")


def test_control_characters_of_a_name_stay_out_of_the_message(fails):
    assert "\x1b" not in fails("check", "\x1b[31mred.npy")
    assert fails("check", "a\nb.npy")


def test_a_failing_input_prints_nothing_of_the_others(fails):
    np.save("good.npy", np.ones((2, 3)))
    Path("bad.npy").write_bytes(b"\x93NUMPY torn")
    assert fails("check", "good.npy", "bad.npy").startswith("bad.npy")


def test_without_a_command_help_goes_to_standard_error(softaudit):
    ended = softaudit()
    assert (ended.code, ended.out) == (2, "")
    assert "Usage" in ended.err
    assert "check" in ended.err


def test_version_and_help(softaudit):
    ended = softaudit("--version")
    assert (ended.code, ended.out) == (0, f"softaudit {package.__version__}\n")
    ended = softaudit("--help")
    assert ended.code == 0
    for word in ("check", "limits", "Exit codes", "130"):
        assert word in ended.out


def test_breaking_cells_are_no_failure(softaudit):
    assert softaudit("check", "[1000, 0]").code == 0


class TestOutput:
    """What -o leaves behind."""

    def files(self) -> set[str]:
        return {path.name for path in Path().iterdir()}

    def test_a_directory(self, fails):
        Path("there").mkdir()
        assert "is a directory" in fails("check", "[1, 2]", "-o", "there")
        assert self.files() == {"there"}

    def test_a_directory_that_is_not_there(self, fails):
        assert "cannot be written" in fails("check", "[1, 2]", "-o", "there/result.json")
        assert self.files() == set()

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
    def test_a_directory_without_permission(self, fails):
        Path("shut").mkdir(mode=0o500)
        assert "cannot be written" in fails("check", "[1, 2]", "-o", "shut/result.json")

    def test_a_bad_place_fails_before_anything_is_read(self, fails):
        said = fails("check", "nothing.npy", "-o", "there/result.json")
        assert said.startswith("there/result.json: cannot be written")

    def test_a_file_that_was_there_stays_when_the_run_fails(self, fails):
        Path("result.json").write_text("before", encoding="utf-8")
        fails("check", "nothing.npy", "-o", "result.json")
        assert Path("result.json").read_text(encoding="utf-8") == "before"
        assert self.files() == {"result.json"}

    def test_nothing_is_left_when_the_run_fails(self, fails):
        fails("check", "[1, x]", "-o", "result.json")
        assert self.files() == set()

    def test_an_interrupt_leaves_nothing(self, softaudit, monkeypatch):
        def interrupted(*_args, **_kwargs):
            raise KeyboardInterrupt

        monkeypatch.setattr("softaudit.sources.read", interrupted)
        ended = softaudit("check", "[1, 2]", "-o", "result.json")
        assert (ended.code, ended.out) == (130, "")
        assert ended.err.count("\n") == 1
        assert self.files() == set()

    def test_a_file_that_was_there_is_replaced(self, softaudit):
        Path("result.json").write_text("before", encoding="utf-8")
        assert softaudit("check", "[1, 2]", "-o", "result.json").code == 0
        assert Path("result.json").read_text(encoding="utf-8").startswith('{"schema"')
        assert self.files() == {"result.json"}

    def test_permissions_are_those_of_a_new_file(self, softaudit):
        softaudit("check", "[1, 2]", "-o", "result.json")
        Path("other").touch()
        modes = {stat.S_IMODE(Path(name).stat().st_mode) for name in ("result.json", "other")}
        assert len(modes) == 1

    def test_an_input_is_not_written_over(self, fails):
        np.save("logits.npy", np.ones((2, 3)))
        before = Path("logits.npy").read_bytes()
        assert "is an input" in fails("check", "logits.npy", "-o", "table:./logits.npy")
        assert Path("logits.npy").read_bytes() == before

    def test_a_long_literal_beside_an_output(self, softaudit):
        literal = "[" + ", ".join(["1.5"] * 2000) + "]"
        Path("result.json").touch()
        assert softaudit("check", literal, "-o", "result.json", "--format", "float16").code == 0

    @pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
    def test_a_link_stays_a_link(self, softaudit):
        Path("real.json").touch()
        Path("link.json").symlink_to("real.json")
        assert softaudit("check", "[1, 2]", "-o", "link.json").code == 0
        assert Path("link.json").is_symlink()
        assert Path("real.json").read_text(encoding="utf-8").startswith('{"schema"')

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
    def test_a_pipe_is_written_to_and_not_replaced(self, softaudit):
        os.mkfifo("pipe")
        with subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE) as reader:
            assert softaudit("check", "[1, 2]", "-o", "table:pipe").code == 0
            assert reader.stdout is not None
            assert b"narrowest" in reader.stdout.read()
        assert stat.S_ISFIFO(Path("pipe").stat().st_mode)


@pytest.mark.processes
class TestProcess:
    """What only a process of its own shows."""

    def test_an_error(self, process):
        ended = process("check", "nothing.npy")
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("softaudit: nothing.npy: no such file")
        assert ended.err.count("\n") == 1

    def test_standard_input(self, process):
        ended = process("check", "-", "--format", "float16", stdin=b"12,1\n0,0\n")
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.startswith("<stdin>  text 2×2")
        assert "exp overflows above 11.09: 1 logit, 1 row, first (0, 0)" in ended.out

    def test_output_that_has_ascii_alone(self, process):
        ended = process("check", "[[12, 1], [0, 0.3]]", PYTHONIOENCODING="ascii")
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.isascii()
        assert "?" not in ended.out
        assert "inf" in ended.out

    def test_signs_are_replaced_one_by_one(self, process):
        """So that the parts of a report, which are written one after the other, look alike."""
        ended = process("check", "[[12, 1], [0, 0.3]]", PYTHONIOENCODING="latin-1")
        assert (ended.code, ended.err) == (0, "")
        assert "  2 rows of 2 · 0 ... 12 · widest 11" in ended.out
        assert "∞" not in ended.out
        assert "?" not in ended.out

    def test_errors_where_there_is_ascii_alone(self, process):
        ended = process("check", "größe.npy", PYTHONIOENCODING="ascii")
        assert ended.code == 2
        assert ended.err.count("\n") == 1
        assert "Traceback" not in ended.err

    @pytest.mark.parametrize("arguments", ["check [1,2]", "limits", "check [1,2] -q", "--help"])
    def test_a_reader_that_stops_reading(self, arguments):
        """No reader at all: the first byte finds the pipe broken."""
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, "-m", "softaudit", *arguments.split()],
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (0, b"")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
    def test_a_full_disk(self):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "softaudit", "check", "[1, 2]"],
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert done.returncode == 2
        assert done.stderr.count(b"\n") == 1
        assert b"Traceback" not in done.stderr

    @pytest.mark.skipif(os.name != "posix", reason="needs a shell")
    def test_a_closed_standard_output(self):
        command = f"'{sys.executable}' -m softaudit check '[1, 2]' >&-"
        done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, check=False)
        assert done.returncode == 2
        assert done.stderr.count(b"\n") == 1

    def test_help_and_version_import_no_numpy(self):
        script = (
            "import sys; from softaudit.cli import run; "
            "codes = [run(['--help']), run(['check', '--help']), run(['--version'])]; "
            "heavy = {'numpy', 'mpmath', 'ml_dtypes', 'rich'} & set(sys.modules); "
            "sys.exit(repr((codes, heavy)) if any(codes) or heavy else 0)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr

    def test_no_colors_into_a_pipe(self, process):
        assert "\x1b" not in process("check", "[12, 1]").out


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
class TestTerminal:
    """A real one: what it is shown, and that colors go where they are wanted."""

    @pytest.fixture
    def seen(self):
        """Run a command line in a terminal, and give what it shows."""

        def run(*arguments: str, **environment: str) -> str:
            ours, theirs = os.openpty()
            with subprocess.Popen(
                [sys.executable, "-m", "softaudit", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                env={**os.environ, "TERM": "xterm", **environment},
            ) as running:
                os.close(theirs)
                text = b""
                try:
                    while part := os.read(ours, 1 << 16):
                        text += part
                except OSError:  # Linux tells the end so
                    pass
                os.close(ours)
            assert running.returncode == 0
            return text.decode().replace("\r\n", "\n")

        return run

    def test_colors(self, seen):
        assert "\x1b[" in seen("check", "[12, 1]")

    @pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
    def test_no_colors(self, seen, name, value):
        assert "\x1b" not in seen("check", "[12, 1]", **{name: value})

    def test_no_colors_in_json(self, seen):
        assert seen("check", "[12, 1]", "--output-format", "json").startswith('{"schema"')

    def test_the_width(self, seen):
        text = seen("check", "[[12, 1], [0, 0]]", "-q", NO_COLOR="1", COLUMNS="60")
        assert max(map(len, text.split("\n"))) <= 60


def test_no_colors_in_a_file(softaudit, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    softaudit("check", "[12, 1]", "-o", "table.txt")
    assert "\x1b" not in Path("table.txt").read_text(encoding="utf-8")


def test_forced_colors(softaudit, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in softaudit("check", "[12, 1]").out


def test_an_interrupt_is_130(softaudit, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_command", lambda: interrupted)
    ended = softaudit("check", "[1, 2]")
    assert (ended.code, ended.out, ended.err) == (130, "", "softaudit: interrupted\n")


def test_a_fault_of_our_own_is_not_dressed_up(softaudit, monkeypatch):
    def faulty(*_args, **_kwargs):
        raise RuntimeError("ours")

    monkeypatch.setattr("softaudit.sources.read", faulty)
    with pytest.raises(RuntimeError, match="ours"):
        softaudit("check", "[1, 2]")
