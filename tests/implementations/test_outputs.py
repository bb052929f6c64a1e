"""Output files: what is read, what is refused in one line, and kernels that never are."""

from __future__ import annotations

import gzip
import re
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from softaudit import sources
from softaudit.errors import InputError
from softaudit.formats import FORMATS
from softaudit.implementations.mistaken import refuse_other_answers
from softaudit.implementations.other_question import MOST_ELEMENTS
from softaudit.implementations.outputs import read_outputs, told_apart
from softaudit.sources.array import from_array

from ..sources.files import npy, npz
from ..test_against_judge import load

FUNCTIONS = ("softmax", "log_softmax")
RNG = np.random.default_rng(17)
SQUARE = RNG.normal(0, 3, (9, 9)).astype(np.float32)
DEEP = RNG.normal(0, 3, (2, 3, 4, 5))


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    e = np.exp(x.astype(np.float64) - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def logsumexp(x: np.ndarray, axis: int = -1, *, keepdims: bool = False) -> np.ndarray:
    return np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def outputs(file, logits=SQUARE, function="softmax", form=None, axis=-1, **options):
    """Save logits and outputs, and read the latter; bytes and text are saved as they are."""
    Path("x.npy").write_bytes(npy(logits))
    name = options.pop("name", "o.npy")
    Path(name).write_bytes(file if isinstance(file, bytes) else npy(file))
    (read,) = sources.read("x.npy", axis=axis)
    form = None if form is None else FORMATS[form]
    return read_outputs(name, read, function, form=form, axis=axis, **options)


def said(*args, **options) -> str:
    with pytest.raises(InputError) as error:
        outputs(*args, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def rows(output, number: int) -> np.ndarray:
    return output.values.take(np.arange(number))


@pytest.mark.parametrize("form", FORMATS)
def test_the_dtype_says_the_format(form):
    values = softmax(SQUARE).astype(FORMATS[form].dtype)
    (output,) = outputs(values)
    assert (output.name, output.word, output.format) == ("o.npy", "o.npy", FORMATS[form])
    assert not output.is_text
    np.testing.assert_array_equal(rows(output, 9), values.astype(np.float64))
    assert output.values.values.dtype == FORMATS[form].dtype  # no copy in float64


def test_a_wider_dtype_is_allowed_and_numbers_are_kept():
    values = softmax(SQUARE).astype(np.float32)
    (output,) = outputs(values, form="float16")
    assert output.format is FORMATS["float16"]
    np.testing.assert_array_equal(rows(output, 9), values)
    assert "float16 does not hold the numbers of bfloat16" in said(
        values.astype(np.float16), form="bfloat16"
    )


def test_files_stay_mapped():
    (output,) = outputs(softmax(SQUARE).astype(np.float16))
    array = output.values.values
    while array.base is not None and not isinstance(array, np.memmap):
        array = array.base
    assert isinstance(array, np.memmap)


def test_integers_have_no_format_of_their_own():
    one_hot = np.eye(9, dtype=np.int8)
    assert "dtype int8 has no number format; name the one" in said(one_hot)
    (output,) = outputs(one_hot, form="bfloat16")
    np.testing.assert_array_equal(rows(output, 9), np.eye(9))


@pytest.mark.parametrize("form", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(("name", "delimiter"), [("o.csv", ","), ("o.tsv", "\t"), ("o.txt", " ")])
def test_decimals_give_back_what_was_printed(form, name, delimiter):
    values = softmax(SQUARE).astype(FORMATS[form].dtype).astype(np.float64)
    text = "\n".join(delimiter.join(f"{v:.17g}" for v in row) for row in values).encode()
    (output,) = outputs(text, name=name, form=form)
    assert (output.name, output.is_text) == (name, True)
    np.testing.assert_array_equal(rows(output, 9), values)
    assert f"{name}: decimals have no number format" in said(text, name=name)
    (packed,) = outputs(gzip.compress(text), name=f"{name}.gz", form=form)
    np.testing.assert_array_equal(rows(packed, 9), values)


def test_decimals_are_rounded_once_to_the_format():
    text = b"0.1,0.3,0.6,inf,nan\n"
    (output,) = outputs(text, np.zeros(5), name="o.csv", form="float8_e4m3fn")
    # beside 0.1 are 13/128 and 12/128, beside 0.3 and 0.6 in steps of 1/32 and 1/16
    np.testing.assert_array_equal(rows(output, 1), [[13 / 128, 5 / 16, 10 / 16, nan, nan]])


def test_a_table_has_the_rows_of_any_logits():
    values = softmax(DEEP)
    lines = [",".join(map(repr, row)) for row in values.reshape(-1, 5).tolist()]
    (output,) = outputs("\n".join(lines).encode(), DEEP, name="o.csv", form="float64")
    np.testing.assert_array_equal(rows(output, 24), values.reshape(-1, 5))
    total = [repr(v) for v in logsumexp(DEEP).ravel().tolist()]
    for text in ("\n".join(total), ",".join(total)):
        (output,) = outputs(text.encode(), DEEP, "logsumexp", "float64", name="o.csv")
        np.testing.assert_array_equal(rows(output, 24)[:, 0], logsumexp(DEEP).ravel())
    assert "shape 23×5, and softmax of logits of shape 2×3×4×5" in said(
        "\n".join(lines[1:]).encode(), DEEP, name="o.csv", form="float64"
    )


def test_archives_have_several():
    file = npz(**{"probs": softmax(SQUARE), "low/4": softmax(SQUARE).astype(np.float16)})
    found = outputs(file, name="o.npz")
    assert [o.name for o in found] == ["o.npz.probs", "o.npz.low_4"]
    assert [o.word for o in found] == ["o.npz --outputs-key probs", "o.npz --outputs-key low/4"]
    assert len({o.sha256 for o in found}) == 1
    (one,) = outputs(file, name="o.npz", key="low*")
    assert one.format is FORMATS["float16"]
    assert "no array 'x'; its keys are probs, low/4" in said(file, name="o.npz", key="x")
    several = npz(x=SQUARE, probs=softmax(SQUARE))
    assert said(several, name="o.npz").endswith("; or choose another array with --outputs-key")
    assert "leave out --outputs-key a" in said(softmax(SQUARE), key="a")


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("stable", "outputs.stable"),
        ("my out.npy", "my_out.npy"),
        (".npy", "outputs.npy"),
        ("-x.npy", "outputs-x.npy"),
        ("a,b/c.npy", "c.npy"),
    ],
)
def test_names_are_never_those_of_algorithms(name, called):
    Path("a,b").mkdir()
    (output,) = outputs(softmax(SQUARE), name=name)
    assert output.name == called


def test_literal_outputs():
    (logits,) = sources.read("[0, 0]")
    (output,) = read_outputs("[0.5, 0.5]", logits, "softmax", form=FORMATS["float16"])
    assert (output.name, output.word) == ("outputs.literal", "'[0.5, 0.5]'")
    with pytest.raises(InputError, match="decimals have no number format"):
        read_outputs("[0.5, 0.5]", logits, "softmax")


def test_files_of_one_name_are_told_apart_by_their_folders():
    found = []
    for folder in ("a/one", "b/one", "b/two"):
        Path(folder).mkdir(parents=True)
        found += outputs(softmax(SQUARE), name=f"{folder}/o.npy")
    found += outputs(softmax(SQUARE), name="p.npy")
    names = ["a_one_o.npy", "b_one_o.npy", "two_o.npy", "p.npy"]
    assert [o.name for o in told_apart(found)] == names
    with pytest.raises(InputError, match="named twice"):
        told_apart([*found, found[0]])


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
def test_class_axes(axis):
    for function, values in (
        ("softmax", softmax(DEEP, axis)),
        ("log_softmax", np.log(softmax(DEEP, axis))),
        ("logsumexp", logsumexp(DEEP, axis)),
        ("logsumexp", logsumexp(DEEP, axis, keepdims=True)),
    ):
        (output,) = outputs(values, DEEP, function, axis=axis)
        last = values[..., None] if values.ndim == 3 else np.moveaxis(values, axis, -1)
        np.testing.assert_array_equal(
            rows(output, DEEP.size // DEEP.shape[axis]), last.reshape(-1, last.shape[-1])
        )


@pytest.mark.parametrize(
    ("shape", "logits", "function", "says"),
    [
        ((6, 31), (31, 6), "softmax", "shape 6×31, .* has 31×6; .* save the transpose, outputs.T"),
        ((4, 2, 3), (2, 3, 4), "softmax", r"save outputs.transpose\(1, 2, 0\)"),
        ((1, 6, 5), (6, 5), "softmax", r"only axes of length 1 differ: save outputs.reshape\(6, 5"),
        ((30,), (6, 5), "softmax", r"if the rows are in order, save outputs.reshape\(6, 5\)"),
        ((6, 8), (6, 5), "softmax", "8 classes are not 5: save those of the logits, without pad"),
        ((3, 5), (6, 5), "softmax", "give logits and outputs of the same rows"),
        ((3, 7), (6, 5), "softmax", "give one output for every result"),
        ((6, 5, 2), (6, 5), "softmax", "give one output for every result"),
        ((6,), (6, 5), "softmax", "one value for each row is --function logsumexp"),
        ((6, 1), (6, 5), "log_softmax", "one value for each row is --function logsumexp"),
        ((6, 5), (6, 5), "logsumexp", "has 6; one value for each logit is --function softmax or"),
        ((7,), (6, 5), "logsumexp", "give logits and outputs of the same rows"),
    ],
)
def test_shapes_that_do_not_fit(shape, logits, function, says):
    assert re.search(says, said(np.zeros(shape), np.zeros(logits), function))


@pytest.mark.parametrize("form", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(
    ("values", "options", "says"),
    [
        (
            softmax(SQUARE, 0),
            {},
            "softmax along axis 0, and not along the class axis 1: name --axi",
        ),
        (softmax(SQUARE).T, {}, r"axes 0 and 1 are exchanged: save outputs.swapaxes\(0, 1\)"),
        (np.log(softmax(SQUARE)), {}, "logarithms, and softmax is asked: name --function log_sof"),
        (SQUARE, {}, "the logits themselves"),
        (softmax(SQUARE), {"temperature": 0.5}, "computed without the temperature 0.5"),
        (softmax(SQUARE.ravel()).reshape(9, 9), {}, "over all 81 logits at once"),
        (softmax(SQUARE), {"function": "log_softmax"}, "probabilities, and log_softmax is asked"),
        (np.log(softmax(SQUARE, 0)), {"function": "log_softmax"}, "log_softmax along axis 0"),
        (SQUARE, {"function": "log_softmax"}, "the logits themselves"),
    ],
)
def test_answers_to_other_questions(values, options, says, form):
    assert re.search(says, said(values.astype(FORMATS[form].dtype), **options))


def test_masks_and_rows_without_an_answer_hide_nothing():
    logits = SQUARE.copy()
    logits[2:4, 1], logits[5], logits[6, 6] = -inf, -inf, nan
    with np.errstate(invalid="ignore", divide="ignore"):
        probabilities = softmax(logits)
        logarithms = np.log(probabilities)
    assert np.isnan(probabilities).any()
    assert "probabilities" in said(probabilities, logits, "log_softmax")
    assert "logarithms" in said(logarithms, logits)
    assert outputs(probabilities, logits)
    assert outputs(logarithms, logits, "log_softmax")


def stalled(p: np.ndarray) -> np.ndarray:
    return p * 2.0


def lossy(p: np.ndarray) -> np.ndarray:
    return np.where(p < 0.3, 0.0, p)


def scrambled(p: np.ndarray) -> np.ndarray:
    return p[..., ::-1]


def one_hot(p: np.ndarray) -> np.ndarray:
    return (p == p.max(axis=-1, keepdims=True)).astype(p.dtype)


KERNELS = {
    "right": lambda p: p,
    "stalled": stalled,
    "lossy": lossy,
    "scrambled": scrambled,
    "one-hot": one_hot,
    "uniform": lambda p: np.full_like(p, 1 / p.shape[-1]),
    "uniform in columns": lambda p: np.full_like(p, 1 / p.shape[0]),
    "zeros": np.zeros_like,
    "ones": np.ones_like,
    "NaN": lambda p: np.full_like(p, nan),
    "NaN rows": lambda p: np.where(np.arange(len(p))[:, None] % 2, p, nan),
    "infinite": lambda p: np.full_like(p, inf),
    "first row for all": lambda p: np.repeat(p[:1], len(p), axis=0),
    "noisy": lambda p: p * np.random.default_rng(1).uniform(0.5, 2, p.shape),
    "in rows shifted": lambda p: np.roll(p, 1, axis=0),
}
"""What kernels return that are right, or wrong in a way that softaudit is there to show."""

LOGITS = {
    "square": SQUARE,
    "equal": np.zeros((9, 9)),
    "equal in columns": np.repeat(RNG.normal(0, 5, (9, 1)), 9, axis=1),
    "equal in rows": np.repeat(RNG.normal(0, 5, (1, 9)), 9, axis=0),
    "nearly equal": RNG.normal(0, 1e-3, (9, 9)),
    "symmetric": SQUARE + SQUARE.T,
    "peaked": SQUARE * 100,
    "one class": np.zeros((9, 1)),
    "attention": load("attention")[0, 0],
    "small and many": RNG.normal(0, 0.1, (20, 100)),
}


@pytest.mark.parametrize("form", ["bfloat16", "float32"])
@pytest.mark.parametrize("logits", LOGITS)
def test_kernels_that_are_wrong_are_never_refused(logits, form):
    x, dtype = LOGITS[logits], FORMATS[form].dtype
    given = from_array(x)
    for t in (0.01, 30.0):
        p = softmax(x / t)
        for kernel in KERNELS.values():
            with np.errstate(all="ignore"):
                values = kernel(p)
                returned = values.astype(dtype), np.log(values).astype(dtype)
            for function, v in zip(FUNCTIONS, returned, strict=True):
                read = from_array(v)
                refuse_other_answers(read, FORMATS[form], given, function, t, "o.npy")


@pytest.mark.parametrize("form", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("name", ["attention", "attention_causal", "digits_mlp", "vocabulary"])
def test_real_logits_tell_probabilities_from_logarithms(name, form):
    logits = from_array(load(name))
    rounded = logits.values.astype(FORMATS[form].dtype).astype(np.float64)
    with np.errstate(divide="ignore"):
        values = softmax(rounded), np.log(softmax(rounded))
    for v, asked, other in zip(values, ("log_softmax", "softmax"), FUNCTIONS, strict=True):
        read = from_array(v.astype(FORMATS[form].dtype))
        with pytest.raises(InputError, match=f"--function {other}"):
            refuse_other_answers(read, FORMATS[form], logits, asked, 1.0, "o.npy")
        refuse_other_answers(read, FORMATS[form], logits, other, 1.0, "o.npy")


def test_long_rows_are_read_and_not_looked_at():
    long = np.zeros((1, MOST_ELEMENTS + 1), np.float16)
    assert outputs(long, long)
