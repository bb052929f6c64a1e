"""From options to cells: names, the product, and what does not exist."""

from __future__ import annotations

import pytest

from softaudit.algorithms import ALGORITHMS
from softaudit.errors import OptionError
from softaudit.plan import NoSuchCell, default_keys, make_key, make_plan

NAMES = [
    (("softmax", "float16", "stable"), {}, "softmax/float16/stable"),
    (("softmax", "float16", "stable", "float32"), {}, "softmax/float16:float32/stable"),
    (
        ("softmax", "bfloat16", "naive", None, None, "sequential"),
        {"subnormals": "flush"},
        "softmax/bfloat16:bfloat16:bfloat16:sequential+flush/naive",
    ),
    (
        ("logsumexp", "float8_e5m2", "stable", "float32"),
        {"saturate": True},
        "logsumexp/float8_e5m2:float32+saturate/stable",
    ),
    (
        ("softmax", "float8_e4m3fn", "naive"),
        {"subnormals": "flush", "saturate": True},
        "softmax/float8_e4m3fn+flush+saturate/naive",
    ),
    (
        ("softmax", "float32", "blockwise"),
        {"block_size": 32},
        "softmax/float32/blockwise:32",
    ),
    (("softmax", "float32", "blockwise"), {"block_size": 64}, "softmax/float32/blockwise"),
]


@pytest.mark.parametrize(("parts", "more", "name"), NAMES)
def test_defaults_are_left_out_of_a_name(parts, more, name):
    assert make_key(*parts, **more).name == name


@pytest.mark.parametrize(
    ("parts", "more", "reason"),
    [
        (("softmax", "float32", "stable", "float16"), {}, "does not hold every float32"),
        (("softmax", "float16", "stable"), {"block_size": 4}, "stable has no blocks"),
        (
            ("softmax", "float16", "online", None, None, "numpy"),
            {},
            "online sums in an order of its own: pairwise or sequential",
        ),
    ],
)
def test_what_does_not_go_together(parts, more, reason):
    with pytest.raises(NoSuchCell, match=reason):
        make_key(*parts, **more)


@pytest.mark.parametrize("size", [0, -1, 2.5, "2", True, 10**30])
def test_a_block_has_columns(size):
    with pytest.raises(OptionError, match="must be a whole number from 1 to 268435456"):
        make_key("softmax", "float16", "blockwise", block_size=size)


def test_the_default_is_24_cells_whatever_algorithms_there_are():
    names = [key.name for key in default_keys()]
    assert len(names) == 24
    assert {name.split("/")[2] for name in names} == {"naive", "stable", "log-of-softmax"}


def test_all_stands_for_all_algorithms():
    plan = make_plan({"format": ["float16"], "algorithm": ["all"]})
    found = [(key.function, key.algorithm) for key in plan.keys]
    assert found == [(f, a) for f in ("softmax", "log_softmax") for a in ALGORITHMS[f]]


def test_block_sizes_multiply_blockwise_algorithms_alone():
    options = {"function": ["softmax"], "format": ["float16"], "algorithm": ["stable", "blockwise"]}
    plan = make_plan(options, block_sizes=(16, 64))
    assert [key.variant for key in plan.keys] == ["stable", "blockwise:16", "blockwise"]


def test_float8_saturates_beside_what_does_not():
    plan = make_plan({"format": ["float16", "float8_e5m2"]}, saturate=True)
    assert {key.arithmetic.name for key in plan.keys} == {"float16", "float8_e5m2+saturate"}
    assert plan.skipped == ()
    with pytest.raises(OptionError, match="nothing saturates: --saturate is for float8"):
        make_plan({"format": ["float16"]}, saturate=True)


def test_a_block_size_wants_blocks():
    with pytest.raises(OptionError, match="name one with --algorithm"):
        make_plan({"format": ["float16"]}, block_sizes=(16,))
