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
