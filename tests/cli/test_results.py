"""What a run leaves on disk: any number of outputs, the worst rows, and nothing if it fails."""

from __future__ import annotations

import json
import os
import sys
from itertools import pairwise
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from softaudit.render import RENDERERS, SUFFIXES

LOGITS = np.array([[12.0, 1.0, 0.5], [0.0, -20.0, 3.0], [13.0, 1.0, 2.0], [0.25, 0.5, 4.0]])
F16 = ("--format", "float16")
FAILS = ("--require", "softmax/float16/naive: overflow.result <= 0")


@pytest.fixture(autouse=True)
def _logits(_nothing_set):
    np.save("a.npy", LOGITS)


def names() -> set[str]:
    return {path.name for path in Path().iterdir()}


def text(name: str) -> str:
    return Path(name).read_bytes().decode()


class TestOutputs:
    """Any number in one run, each what it would be alone."""

    def test_all_at_once(self, softaudit):
        files = [f"all{suffix}" for suffix in SUFFIXES]
        words = [word for name in files for word in ("-o", name)]
        ended = softaudit("check", "a.npy", *F16, *FAILS, *words)
        assert (ended.code, ended.err) == (1, "")
        assert names() == {"a.npy", *files}
        for name in files:
            kind = SUFFIXES[name.removeprefix("all")]
            alone = softaudit("check", "a.npy", *F16, *FAILS, "--output-format", kind)
            assert text(name) == alone.out
        assert text("all.txt") == ended.out

    @pytest.mark.parametrize("kind", RENDERERS)
    def test_by_name(self, softaudit, kind):
        """Also where the name has another output's suffix, or a colon of its own."""
        alone = softaudit("check", "a.npy", *F16, "--output-format", kind).out
        for name in ("x.json", "with:colon", "json:x"):
            assert softaudit("check", "a.npy", *F16, "-o", f"{kind}:{name}").code == 0
            assert text(name) == alone

    def test_several_on_standard_output(self, softaudit):
        both = softaudit("check", "a.npy", *F16, "--output-format", "json,csv").out
        one, other = (softaudit("check", "a.npy", *F16, "--output-format", kind).out
                      for kind in ("json", "csv"))  # fmt: skip
        assert both == one + other

    @pytest.mark.parametrize("name", ["A.JSON", "d.d/r.sarif.json", "r.sarif", ".json"])
    def test_suffixes(self, softaudit, name):
        Path("d.d").mkdir()
        assert softaudit("check", "a.npy", *F16, "-o", name).code == 0
        assert ("runs" in json.loads(text(name))) == ("sarif" in name)

    def test_a_page_without_what_it_needs(self, fails, monkeypatch):
        """Said before anything is read."""
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        for words in (["-o", "page.html"], ["-o", "html:page"], ["--output-format", "html"]):
            assert "pip install 'softaudit[html]'" in fails("check", "none.npy", *words)
        assert names() == {"a.npy"}

    @pytest.mark.parametrize(
        ("word", "says"),
        [
            ("result", "result: its name tells no output: end it in .txt .json"),
            ("result.htm", "its name tells no output"),
            ("yaml:result", "its name tells no output"),
            ("json:", "its name tells no output"),
            ("json:none/r", "none/r: cannot be written: no such file or directory"),
            ("a.npy/r.json", "a.npy/r.json: cannot be written"),
            ("json:.", ".: is a directory"),
            ("", ": "),
        ],
    )
    def test_what_cannot_be_written(self, fails, word, says):
        """Said before anything is read."""
        assert says in fails("check", "none.npy", "-o", word)
        assert names() == {"a.npy"}

    def test_no_color_in_a_file(self, softaudit, monkeypatch):
        monkeypatch.setenv("FORCE_COLOR", "1")
        ended = softaudit("check", "a.npy", *F16, "-o", "r.txt")
        assert "\x1b" in ended.out
        assert "\x1b" not in text("r.txt")

    def test_what_has_nothing_to_say_replaces_what_was_there(self, softaudit):
        """A gate that passes has no annotation; those of the last run are not to stay."""
        command = ("gate", "a.npy", *F16, "-o", "github:notes")
        assert softaudit(*command, *FAILS).code == 1
        assert "::error" in text("notes")
        assert softaudit(*command, "--require", "*: elements >= 1").code == 0
        assert text("notes") == ""


SPELLINGS = ("r.json", "r.json", "./r.json", "sub/../r.json", "json:r.json", "table:./r.json")


class TestNothingIsWrittenOver:
    """Neither what is read, nor one output by another."""

    @pytest.mark.parametrize(("first", "second"), list(pairwise(SPELLINGS)))
    @pytest.mark.parametrize("there", [True, False])
    def test_one_file_twice(self, fails, first, second, there):
        Path("sub").mkdir()
        if there:
            Path("r.json").write_text("before", encoding="utf-8")
        said = fails("check", "a.npy", *F16, "-o", first, "-o", second)
        assert "is to be written twice; name another file for one" in said
        assert names() == {"a.npy", "sub"} | ({"r.json"} if there else set())

    @pytest.mark.parametrize(
        "words",
        [("--write-baseline", "x.txt", "-o", "./x.txt"), ("--save-worst", "x.npy", "-o",
         "json:x.npy"), ("--save-worst", "x.npy", "--write-baseline", "./x.npy")],
    )  # fmt: skip
    def test_outputs_of_all_kinds(self, fails, words):
        assert "is to be written twice" in fails("check", "a.npy", *words)
        assert names() == {"a.npy"}

    @pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
    def test_links(self, fails):
        Path("link.json").symlink_to("a.npy")
        assert "is an input" in fails("check", "a.npy", "-o", "link.json")
        Path("one.json").symlink_to("r.json")
        Path("two.json").symlink_to("r.json")
        assert "written twice" in fails("check", "a.npy", "-o", "one.json", "-o", "two.json")

    @pytest.mark.parametrize("place", ["-o=table:{}", "--save-worst={}", "--write-baseline={}"])
    @pytest.mark.parametrize("read", ["a.npy", "./saved.json", "p.toml", "base.txt",
                                      "pyproject.toml"])  # fmt: skip
    def test_what_is_read(self, softaudit, fails, place, read):
        assert softaudit("check", "a.npy", *F16, "-o", "saved.json", "--write-baseline",
                         "base.txt").code == 0  # fmt: skip
        Path("p.toml").write_text('format = "float16"\n', encoding="utf-8")
        Path("pyproject.toml").write_text('[tool.softaudit]\nformat = "float16"\n')
        before = {path.name: path.read_bytes() for path in Path().iterdir()}
        option, _, path = place.format(read).partition("=")
        words = ["gate", "saved.json" if "saved" in read else "a.npy", option, path]
        words += ["--policy", "p.toml"] if read == "p.toml" else []
        words += ["--baseline", "base.txt"] if "baseline" not in place else []
        if "saved" in read and option == "--save-worst":
            assert "drop --save-worst" in fails(*words)
        elif read == "base.txt" and option == "--write-baseline":
            assert softaudit(*words).code == 0  # which takes the figures anew
        else:
            assert "is an input; name another file to write" in fails(*words, *FAILS)
        assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


class TestNothingHalfWritten:
    """A run that fails leaves what was there, and nothing else."""

    PLACES = (
        "-o",
        "r.json",
        "-o",
        "r.csv",
        "--write-baseline",
        "base.txt",
        "--save-worst",
        "w.npy",
    )

    @pytest.mark.parametrize(
        ("inputs", "more"),
        [
            (["none.npy"], []),
            (["a.npy"], ["--require", "softmax/float64/*: ulp.max <= 1"]),  # known at the end
            (["a.npy"], ["--row", "9"]),
            (["a.npy", "./a.npy"], []),  # which a baseline cannot tell apart
            (["a.npy", "[1, 2]"], []),  # rows of several lengths make no array
        ],
    )
    @pytest.mark.parametrize("there", [True, False])
    def test_when_the_run_fails(self, fails, inputs, more, there):
        written = {"r.json", "r.csv", "base.txt", "w.npy"}
        for name in written if there else ():
            Path(name).write_text("before", encoding="utf-8")
        assert fails("check", *inputs, *F16, *self.PLACES, *more)
        assert names() == {"a.npy"} | (written if there else set())
        assert all(text(name) == "before" for name in written if there)

    @pytest.mark.parametrize("pieces", [[], ["half"]])
    def test_when_an_output_fails_all_others_stay_away(self, softaudit, monkeypatch, pieces):
        def fail(*_):
            yield from pieces
            raise OSError(28, "No space left on device")

        monkeypatch.setitem(RENDERERS, "csv", fail)
        ended = softaudit("check", "a.npy", *F16, *self.PLACES)
        assert ended.code == 2
        assert ended.err == "softaudit: results cannot be written: No space left on device\n"
        assert names() == {"a.npy"}

    def test_when_it_is_interrupted_no_baseline_and_no_rows(self, softaudit, monkeypatch):
        from contextlib import contextmanager

        @contextmanager
        def at_once():
            yield lambda: True

        monkeypatch.setattr("softaudit.cli.interrupt.deferred", at_once)
        ended = softaudit("check", "a.npy", *F16, *self.PLACES, *FAILS, "--exit-zero")
        assert ended.code == 130
        assert names() == {"a.npy", "r.json", "r.csv"}
        assert json.loads(text("r.json"))["judgement"] is None

    def test_when_a_requirement_does_not_hold_all_is_written(self, softaudit):
        assert softaudit("check", "a.npy", *F16, *self.PLACES, *FAILS).code == 1
        assert names() == {"a.npy", "r.json", "r.csv", "base.txt", "w.npy"}


def exact_rows(array: np.ndarray) -> set[bytes]:
    return {np.ascontiguousarray(row).tobytes() for row in array}


class TestWorstRows:
    """A small .npy with the rows of the worst elements, bits as they were read."""

    def save(self, softaudit, *words: str) -> np.ndarray:
        ended = softaudit("check", *words, "--save-worst", "w.npy")
        assert ended.err == ""
        return np.load("w.npy")

    @pytest.mark.parametrize(
        "dtype",
        ["<f8", ">f8", "<f4", ">f4", "<f2", ">f2", ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn,
         ml_dtypes.float8_e5m2],
    )  # fmt: skip
    def test_every_dtype_is_kept(self, softaudit, dtype):
        rng = np.random.default_rng(4)
        logits = np.clip(rng.normal(0, 6, (40, 7)), -400, 400).astype(dtype)
        np.save("a.npy", logits)
        ended = softaudit("check", "a.npy", "--save-worst", "w.npy")
        assert (ended.code, ended.err) == (0, "")
        saved = softaudit("check", "w.npy", "--output-format", "json")
        found = json.loads(saved.out)["audits"][0]["source"]
        whole = softaudit("check", "a.npy", "--output-format", "json")
        first = json.loads(whole.out)["audits"][0]
        assert found["format"] == first["source"]["format"]
        assert found["columns"] == 7
        assert 1 <= found["rows"] < 40
        header = Path("w.npy").read_bytes()
        rows = np.frombuffer(header[-found["rows"] * 7 * logits.itemsize :], np.uint8)
        kept = {row.tobytes() for row in rows.reshape(found["rows"], -1)}
        native = logits.astype(logits.dtype.newbyteorder("="))
        assert kept <= exact_rows(native)
        worst = max(first["cells"], key=lambda c: float(c["ulp"]["max"]))["worst"][0]["index"][0]
        assert exact_rows(native[worst : worst + 1]) <= kept

    def test_nan_with_its_payload_and_minus_zero(self, softaudit):
        logits = np.array([[1.0, -0.0], [0.0, -12.0]], dtype="<f4")
        logits.view("<u4")[0, 0] = 0x7FC01234
        np.save("a.npy", logits)
        saved = self.save(softaudit, "a.npy", *F16)
        assert exact_rows(saved) <= exact_rows(logits)

    def test_what_was_shown_is_shown_again(self, softaudit):
        """The worst element of the file is the worst of the saved rows, to the bit."""
        np.save("a.npy", np.random.default_rng(1).normal(0, 8, (300, 5)).astype(np.float32))
        whole = json.loads(softaudit("check", "a.npy", "--save-worst", "w.npy",
                                     "--output-format=json").out)["audits"][0]["cells"]  # fmt: skip
        few = json.loads(softaudit("check", "w.npy", "--output-format=json").out)["audits"][0]
        assert few["source"]["rows"] <= 5
        largest = max(whole, key=lambda c: float(c["ulp"]["max"]))
        (same,) = (c for c in few["cells"] if c["name"] == largest["name"])
        assert same["ulp"]["max"] == largest["ulp"]["max"]
        assert same["worst"][0]["exact"] == largest["worst"][0]["exact"]

    def test_the_rows_of_every_cell_that_failed(self, softaudit):
        """Requirements that fail bring rows that are the worst of no cause."""
        np.save("a.npy", np.random.default_rng(2).normal(0, 2, (300, 5)).astype(np.float32))
        asked = ("a.npy", "--function", "softmax", "--format", "bfloat16,float16,float32,float64")
        few = self.save(softaudit, *asked)
        more = self.save(softaudit, *asked, "--require", "*: ulp.max <= 0.1")
        assert exact_rows(few) < exact_rows(more)
        found = json.loads(softaudit("check", *asked, "--output-format=json").out)["audits"][0]
        worst = {c["worst"][0]["index"][0] for c in found["cells"]}
        logits = np.load("a.npy")
        assert exact_rows(logits[sorted(worst)]) <= exact_rows(more)

    def test_each_row_once(self, softaudit):
        saved = self.save(softaudit, "a.npy", *F16, *FAILS)
        assert len(exact_rows(saved)) == len(saved)

    @pytest.mark.parametrize(
        ("shape", "axis"), [((3,), -1), ((2, 3), -1), ((3, 4), 0), ((2, 3, 4), 1), ((1, 1, 3), 2)]
    )
    def test_shapes_and_axes(self, softaudit, shape, axis):
        logits = np.random.default_rng(6).normal(0, 9, shape)
        np.save("b.npy", logits)
        saved = self.save(softaudit, "b.npy", f"--axis={axis}", "--format=float16,bfloat16")
        assert saved.ndim == 2
        assert saved.dtype == np.float64
        rows = np.moveaxis(logits, axis, -1).reshape(-1, shape[axis])
        assert exact_rows(saved) <= exact_rows(rows)
        assert len(saved) >= 1

    def test_other_sources(self, softaudit):
        np.savez("m.npz", x=LOGITS[:2].astype(np.float32), y=LOGITS[2:].astype(np.float32))
        np.savetxt("t.csv", LOGITS, delimiter=",")
        assert self.save(softaudit, "m.npz", *F16).dtype == np.float32
        assert self.save(softaudit, "m.npz", "--key=y", *F16)[0].tolist() == LOGITS[2].tolist()
        assert exact_rows(self.save(softaudit, "t.csv", *F16)) <= exact_rows(LOGITS)
        assert self.save(softaudit, "[13, 1, 2]", *F16).tolist() == [[13.0, 1.0, 2.0]]
        both = self.save(softaudit, "m.npz", "t.csv", *F16)
        assert both.dtype == np.float64  # float32 and float64 together
        assert exact_rows(both) <= exact_rows(LOGITS)

    def test_of_logsumexp(self, softaudit):
        saved = self.save(softaudit, "a.npy", *F16, "--function", "logsumexp")
        assert exact_rows(saved) <= exact_rows(LOGITS)
        assert LOGITS[0].tolist() in saved.tolist()

    def test_one_row_of_a_file(self, softaudit):
        saved = self.save(softaudit, "a.npy", *F16, "--row", "2")
        assert saved.tolist() == [LOGITS[2].tolist()]

    def test_integers_arrive_as_read(self, softaudit):
        np.save("i.npy", np.array([[12, 1], [0, -20]]))
        assert self.save(softaudit, "i.npy", *F16).dtype == np.float64

    def test_rows_of_several_lengths(self, fails):
        said = fails("check", "a.npy", "[1, 2]", "--save-worst", "w.npy")
        assert said.startswith("--save-worst: rows are of 2 and 3 logits")

    def test_where_there_is_no_element(self, softaudit):
        np.save("n.npy", np.full((2, 3), np.nan))
        assert self.save(softaudit, "n.npy", *F16).shape == (0, 3)


class TestSummary:
    """What GitHub shows of a step."""

    def test_it_is_appended_to(self, softaudit, monkeypatch):
        Path("summary.md").write_text("# before\n", encoding="utf-8")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
        assert softaudit("gate", "a.npy", *F16, *FAILS, "--output-format=github").code == 1
        assert text("summary.md").startswith("# before\n")
        assert "overflow.result" in text("summary.md")
        before = text("summary.md")
        assert softaudit("gate", "a.npy", *F16, *FAILS).code == 1  # other outputs leave it alone
        assert text("summary.md") == before

    def test_one_that_cannot_be_written(self, fails, monkeypatch):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", "none/summary.md")
        said = fails("gate", "a.npy", *FAILS, "--output-format", "github")
        assert said.startswith("GITHUB_STEP_SUMMARY: none/summary.md: ")
