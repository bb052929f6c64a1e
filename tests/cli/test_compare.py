"""softaudit compare: outputs that were saved, judged on the logits as they were read."""

from __future__ import annotations

import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from ..cells import error_ulp, exact

LOGITS = np.random.default_rng(9).normal(0, 3, (2, 3, 4, 5)).astype(np.float32)
DTYPES = {
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float32": np.float32,
    "float64": np.float64,
}


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.fixture(autouse=True)
def _saved(_nothing_set):
    np.save("logits.npy", LOGITS)
    for form, dtype in DTYPES.items():
        np.save(f"{form}.npy", softmax(LOGITS.astype(np.float64)).astype(dtype))


def audit_of(softaudit, *arguments: str) -> dict:
    ended = softaudit("compare", *arguments, "--output-format", "json")
    assert (ended.code, ended.err) == (0, "")
    (audit,) = json.loads(ended.out)["audits"]
    return audit


def largest(outputs: np.ndarray, form: str, logits: np.ndarray = LOGITS, t: float = 1.0) -> float:
    """Give the largest error of rows, by mpmath."""
    rows = zip(logits.reshape(-1, 5).tolist(), outputs.astype(float).reshape(-1, 5), strict=True)
    return max(
        error_ulp(v, y, form)
        for x, row in rows
        for v, y in zip(row, exact("softmax", x, t), strict=True)
    )


def test_formats_stand_side_by_side_each_by_its_dtype(softaudit):
    audit = audit_of(softaudit, "logits.npy", *(f"{form}.npy" for form in DTYPES))
    assert [cell["name"] for cell in audit["cells"]] == [f"softmax/{f}/{f}.npy" for f in DTYPES]
    for form, cell in zip(DTYPES, audit["cells"], strict=True):
        values = softmax(LOGITS.astype(np.float64)).astype(DTYPES[form])
        assert cell["ulp"]["max"] == pytest.approx(largest(values, form), rel=1e-9)
        assert cell["cast_error"]["max"] == 0
        assert cell["implementation"] == f"{form}.npy"
    assert audit["logits_format"] == "float64"
    assert all(len(used["sha256"]) == 64 for used in audit["implementations"])


def test_logits_are_rounded_only_to_what_is_said(softaudit):
    half = LOGITS.astype(np.float16)
    outputs = softmax(half.astype(np.float64)).astype(np.float16)
    np.save("half.npy", outputs)
    (as_read,) = audit_of(softaudit, "logits.npy", "half.npy")["cells"]
    assert as_read["ulp"]["max"] == pytest.approx(largest(outputs, "float16"), rel=1e-9)
    rounded = audit_of(softaudit, "logits.npy", "half.npy", "--logits-format", "float16")
    expected = largest(outputs, "float16", half.astype(np.float64))
    assert rounded["cells"][0]["ulp"]["max"] == pytest.approx(expected, rel=1e-9)
    assert expected <= 0.5 < as_read["ulp"]["max"]
    assert rounded["cells"][0]["cast_error"]["max"] > 1


def test_the_temperature_is_as_given_whatever_logits_were_rounded_to(softaudit):
    """A kernel scales by a number of its own, and seldom by one of float16."""
    half = LOGITS.astype(np.float16).astype(np.float64)
    outputs = softmax(half / 0.7).astype(np.float16)
    np.save("half.npy", outputs)
    words = ("logits.npy", "half.npy", "--logits-format", "float16", "--temperature", "0.7")
    (cell,) = audit_of(softaudit, *words)["cells"]
    assert cell["ulp"]["max"] == pytest.approx(largest(outputs, "float16", half, 0.7), rel=1e-9)
    assert cell["ulp"]["max"] <= 0.5


def test_a_wider_file_is_judged_in_the_format_named(softaudit):
    np.save("wide.npy", np.load("float16.npy").astype(np.float32))
    (narrow,) = audit_of(softaudit, "logits.npy", "float16.npy")["cells"]
    (wide,) = audit_of(softaudit, "logits.npy", "wide.npy", "--format", "float16")["cells"]
    assert wide["name"] == "softmax/float16/wide.npy"
    assert wide["ulp"] == narrow["ulp"]
    assert "not_in_format" not in wide["events"]
    values = np.load("wide.npy")
    values[1, 2, 3, 4] *= 1 + 2**-20
    np.save("stray.npy", values)
    (stray,) = audit_of(softaudit, "logits.npy", "stray.npy", "--format", "float16")["cells"]
    assert stray["events"]["not_in_format"] == {"count": 1, "rows": 1, "first": [1, 2, 3, 4]}
    told = softaudit("compare", "logits.npy", "stray.npy", "--format", "float16").out
    assert "1 result is no float16 number" in " ".join(told.split())


def test_decimals_and_archives(softaudit):
    flat = LOGITS.reshape(-1, 5)
    np.save("flat.npy", flat)
    outputs = softmax(flat)
    text = "\n".join(",".join(f"{v:.9g}" for v in row) for row in outputs)
    Path("outputs.csv").write_text(text)
    np.savez("outputs.npz", mine=outputs, narrow=outputs.astype(np.float16))
    (text,) = audit_of(softaudit, "flat.npy", "outputs.csv", "--format", "float32")["cells"]
    first, second = audit_of(softaudit, "flat.npy", "outputs.npz")["cells"]
    assert text["ulp"] == first["ulp"]
    assert [c["name"] for c in (first, second)] == [
        "softmax/float32/outputs.npz.mine",
        "softmax/float16/outputs.npz.narrow",
    ]
    (one,) = audit_of(softaudit, "flat.npy", "outputs.npz", "--outputs-key", "narrow")["cells"]
    assert one["ulp"] == second["ulp"]


def test_axis_temperature_and_function(softaudit):
    moved = np.moveaxis(LOGITS, -1, 1)
    np.save("moved.npy", moved)
    values = softmax(LOGITS.astype(np.float64) / 3.0).astype(np.float32)
    np.save("cool.npy", np.moveaxis(values, -1, 1))
    (cell,) = audit_of(softaudit, "moved.npy", "cool.npy", "--axis", "1", "--temperature", "3")[
        "cells"
    ]
    assert cell["ulp"]["max"] == pytest.approx(largest(values, "float32", t=3.0), rel=1e-9)
    total = np.log(np.exp(LOGITS.astype(np.float64)).sum(axis=-1)).astype(np.float32)
    np.save("total.npy", total)
    (lse,) = audit_of(softaudit, "logits.npy", "total.npy", "--function", "logsumexp")["cells"]
    rows = zip(LOGITS.reshape(-1, 5).tolist(), total.ravel().tolist(), strict=True)
    errors = [error_ulp(v, exact("logsumexp", x)[0], "float32") for x, v in rows]
    assert lse["ulp"]["max"] == pytest.approx(max(errors), rel=1e-9)


@pytest.mark.parametrize("against", ["float32.npy", "stable"])
def test_beside_who_is_trusted(softaudit, against):
    np.save("mine.npy", softmax(LOGITS))
    files = ["mine.npy", "float32.npy"] if against != "stable" else ["mine.npy"]
    audit = audit_of(softaudit, "logits.npy", *files, "--against", against)
    mine, trusted = audit["cells"]
    assert mine["against"] == f"softmax/float32/{against}"
    assert mine["ratio"]["ulp"]["max"] == mine["ulp"]["max"] / trusted["ulp"]["max"]


def test_an_algorithm_beside_takes_logits_that_its_format_has(softaudit):
    """It rounds them first, as it must, and is judged on the logits as read like the others."""
    audit = audit_of(softaudit, "logits.npy", "float16.npy", "--against", "stable")
    _, trusted = audit["cells"]
    assert trusted["name"] == "softmax/float16/stable"
    ended = softaudit("check", "logits.npy", "--function", "softmax", "--format", "float16",
                      "--algorithm", "stable", "--output-format", "json")  # fmt: skip
    alone = json.loads(ended.out)["audits"][0]["cells"][0]
    assert trusted["ulp"]["max"] > alone["ulp"]["max"]  # with what rounding the logits cost


def test_one_row_and_its_command(softaudit):
    audit = audit_of(softaudit, "logits.npy", "float32.npy", "--row", "1,2,3")
    (table,) = audit["tables"]
    assert [e["logit"] for e in table["elements"]] == LOGITS[1, 2, 3].tolist()
    values = np.load("float32.npy")[1, 2, 3].tolist()
    shown = [e["results"]["softmax/float32/float32.npy"]["computed"] for e in table["elements"]]
    assert shown == values
    out = softaudit("compare", "logits.npy", "float32.npy").out
    told = " ".join(out.split())
    i = told.index("softaudit compare ")
    words = told[i : told.index(" errors", i)].split() if " errors" in told[i:] else []
    again = softaudit(*words[1:])
    assert again.code == 0
    assert "row (" in again.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["logits.npy", "short.npy"], "shape 2×3×4×4, and softmax of logits of shape 2×3×4×5"),
        (["logits.npy", "logs.npy"], "name --function log_softmax"),
        (["logits.npy", "float32.npy", "--function", "log_softmax"], "name --function softmax"),
        (["logits.npy", "float32.npy", "float32.npy"], "named twice"),
        (["logits.npy", "nothing.npy"], "nothing.npy: no such file"),
        (["logits.npy", "float32.npy", "--format", "float23"], "unknown format 'float23'"),
        (["logits.npy", "float32.npy", "--row", "0", "--sample", "2"], "exclude each other"),
        (["logits.npy", "float32.npy", "--against", "log-of-softmax"], "algorithm of softmax"),
        (["logits.npy"], "Missing argument"),
    ],
)
def test_what_cannot_be_judged_is_one_line(softaudit, words, message):
    np.save("short.npy", LOGITS[..., :4])
    np.save("logs.npy", np.log(softmax(LOGITS)))
    ended = softaudit("compare", *words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1


def test_what_is_required_of_outputs(softaudit):
    np.save("mine.npy", softmax(LOGITS))
    words = ("compare", "logits.npy", "mine.npy", "--against", "stable", "--require")
    assert softaudit(*words, "softmax/*/mine.npy: ratio.ulp.max <= 100").code == 0
    assert softaudit(*words, "softmax/*/mine.npy: ulp.max <= 0.1").code == 1


def test_saved_results_of_outputs_are_judged_again(softaudit):
    softaudit("compare", "logits.npy", "float16.npy", "--against", "stable", "-o", "saved.json")
    rule = "softmax/float16/float16.npy: ulp.max <= 0.5"
    assert softaudit("gate", "saved.json", "--require", rule).code == 0
    document = json.loads(Path("saved.json").read_text())
    for name in ("logits_format", "implementations", "trusted"):
        del document["audits"][0][name]
    for cell in document["audits"][0]["cells"]:
        del cell["against"], cell["ratio"]
    Path("old.json").write_text(json.dumps(document))
    assert softaudit("gate", "old.json", "--require", rule).code == 0


def save(name: str, values: np.ndarray) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    np.save(name, values)


def said(softaudit, *words: str) -> str:
    ended = softaudit("compare", *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    return ended.err


def test_a_single_number_is_a_logsumexp(softaudit):
    save("row.npy", np.array([0.0, 0.0]))
    save("total.npy", np.float64(0.6931471805599453))  # log 2 rounded to nearest
    words = ("row.npy", "total.npy")
    (cell,) = audit_of(softaudit, *words, "--function", "logsumexp")["cells"]
    assert (cell["elements"], cell["correctly_rounded"]) == (1, 1)
    assert "one value for each row is --function logsumexp" in said(softaudit, *words)
    assert "total.npy: a single number without a class axis" in said(softaudit, *words[::-1])


def test_names_that_become_the_same_get_a_number(softaudit):
    outputs = np.load("float32.npy")
    for name in ("a/b c.npy", "a/b_c.npy", "d/b_c.npy"):
        save(name, outputs)
    np.savez("two.npz", **{"p q": outputs, "p_q": outputs})
    files = ("a/b c.npy", str(Path("a/b_c.npy").absolute()), "two.npz", "a/../d/b_c.npy")
    names = [cell["name"] for cell in audit_of(softaudit, "logits.npy", *files)["cells"]]
    assert [name.removeprefix("softmax/float32/") for name in names][2:] == [
        "two.npz.p_q",
        "two.npz.p_q.2",
        "d_b_c.npy",
    ]
    assert names[0] == "softmax/float32/a_b_c.npy"
    files = ("a/b c.npy", "a/b_c.npy", "two.npz", "d/b_c.npy")
    names = [cell["name"] for cell in audit_of(softaudit, "logits.npy", *files)["cells"]]
    assert [name.removeprefix("softmax/float32/") for name in names] == [
        "a_b_c.npy",
        "a_b_c.npy.2",
        "two.npz.p_q",
        "two.npz.p_q.2",
        "d_b_c.npy",
    ]


def test_the_same_outputs_twice_are_told_as_they_were_typed(softaudit):
    same = ("logits.npy", "float32.npy", "./float32.npy")
    assert "./float32.npy: the same outputs as float32.npy; name each" in said(softaudit, *same)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (LOGITS > 0, 'boolean, not numbers; save it as float64: np.save("outputs.npy", '),
        (LOGITS + 1j, 'no softmax; save the real part: np.save("outputs.npy", a.real)'),
        (LOGITS.astype(str), 'text, not numbers; save it as float64: np.save("outputs.npy", '),
        (LOGITS.argmax(axis=-1), "shape 2×3×4, and softmax of logits of shape 2×3×4×5 over axis 3"),
        (np.zeros((0, 5)), "has no elements; save at least one row"),
    ],
)
def test_what_is_said_of_outputs_is_not_said_of_logits(softaudit, values, message):
    np.save("o.npy", values)
    told = said(softaudit, "logits.npy", "o.npy")
    assert message in told
    assert "logits.npy" not in told


def test_keys_are_for_files_that_have_names(softaudit):
    outputs = np.load("float32.npy")
    np.savez("all.npz", p=outputs, q=outputs, no=outputs > 0)
    files = ("logits.npy", "float32.npy", "all.npz")
    for keys in (("p,q",), ("p", "q"), ("[p,q]",)):
        words = [word for key in keys for word in ("--outputs-key", key)]
        names = [cell["name"] for cell in audit_of(softaudit, *files, *words)["cells"]]
        ends = ("float32.npy", "all.npz.p", "all.npz.q")
        assert names == [f"softmax/float32/{end}" for end in ends]
    assert "--outputs-key z: none of the outputs" in said(softaudit, *files, "--outputs-key", "p,z")
    plain = said(softaudit, *files[:2], "--outputs-key", "p")
    assert "--outputs-key p: none of the outputs has such an array" in plain
    nothing = said(softaudit, *files, "--outputs-key", "y", "--outputs-key", "z")
    assert "all.npz: no array 'y' or 'z'; its keys are p, q, no" in nothing


@pytest.mark.parametrize("word", ["./float32.npy", "softmax/float32/float32.npy"])
def test_trusted_outputs_are_found_however_they_are_named(softaudit, word):
    save("mine.npy", softmax(LOGITS))
    audit = audit_of(softaudit, "logits.npy", "mine.npy", "float32.npy", "--against", word)
    assert audit["trusted"] == "float32.npy"


def test_trusted_outputs_that_are_not_to_be_found(softaudit):
    for name in ("a/o.npy", "b/o.npy"):
        save(name, np.load("float32.npy"))
    words = ("logits.npy", "a/o.npy", "b/o.npy", "--against")
    assert "may be several outputs: choose a_o.npy, b_o.npy" in said(softaudit, *words, "o.npy")
    told = said(softaudit, *words, "float16.npy")
    assert "--against float16.npy: not among OUTPUTS; name it there too" in told


@pytest.mark.parametrize("against", [(), ("--against", "float32.npy"), ("--against", "stable")])
def test_a_device_needs_somebody_who_takes_it(softaudit, against):
    words = ("logits.npy", "float32.npy", "--device", "cuda", *against)
    assert "device cuda: nobody is asked" in said(softaudit, *words)


def told_of(softaudit, *words: str) -> str:
    ended = softaudit("compare", "logits.npy", *words, "--worst", "0")
    assert ended.code == 0
    return " ".join(ended.out.split())


@pytest.mark.parametrize(("form", "wide"), [("float16", "float32"), ("bfloat16", "float64")])
def test_outputs_that_were_saved_wider_are_told(softaudit, form, wide):
    values = np.load(f"{form}.npy").view(DTYPES[form]).astype(wide)
    np.save("wide.npy", values)
    told = f"wide.npy has nothing but {form} numbers (name --format {form} if they were computed"
    assert told in told_of(softaudit, "wide.npy")
    assert "nothing but" not in told_of(softaudit, "wide.npy", "--format", form)
    values[1, 2, 3, 4] *= 1 + 2.0**-20
    np.save("wide.npy", values)
    assert "nothing but" not in told_of(softaudit, "wide.npy")


def test_few_or_simple_results_are_numbers_of_every_format(softaudit):
    for logits in (np.zeros((64, 4)), np.log(np.arange(1.0, 32.0))[:, None] * [1.0, 0.0]):
        np.save("logits.npy", logits)
        np.save("o.npy", softmax(logits).astype(np.float16).astype(np.float32))
        assert "nothing but" not in told_of(softaudit, "o.npy")


def test_logits_that_outputs_may_have_had_narrower(softaudit):
    note = "half.npy: logits are taken as read, float32; if the implementation got them in float16"
    big = (LOGITS * 4).astype(np.float32)  # whose rounding to float16 costs some ulp
    np.save("logits.npy", big)
    np.save("half.npy", softmax(big.astype(np.float16).astype(float)).astype(np.float16))
    assert note in told_of(softaudit, "half.npy")
    assert note not in told_of(softaudit, "half.npy", "--logits-format", "float16")
    np.save("half.npy", softmax(big.astype(float)).astype(np.float16))
    assert note not in told_of(softaudit, "half.npy")


def test_a_command_names_outputs_with_a_key_beside_plain_ones(softaudit):
    np.savez("all.npz", p=np.load("float32.npy"), q=np.load("float32.npy"))
    save("mine.npy", softmax(LOGITS))
    rule = "softmax/*/mine.npy: ratio.ulp.max <= 0"
    words = ("mine.npy", "all.npz", "--outputs-key", "p", "--against", "all.npz.p")
    ended = softaudit("compare", "logits.npy", *words, "--require", rule)
    assert ended.code == 1
    again = "softaudit compare logits.npy mine.npy all.npz --outputs-key p --function softmax"
    assert again in " ".join(ended.out.split())


def test_what_happened_on_the_way_is_not_said_to_be_nothing(softaudit):
    """Overflows within a kernel leave no trace in its outputs; of our algorithms they are seen."""
    words = ("--columns", "exp,sum", "--worst", "0")
    shown = softaudit("compare", "logits.npy", "float32.npy", "--against", "naive", *words).out
    lines = [line.split() for line in shown.splitlines()]
    assert ["float32", "float32.npy", "–", "–"] in lines
    assert ["naive", "·", "·"] in lines
