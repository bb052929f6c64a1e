"""Names of single cells, and what does not go together."""

from __future__ import annotations

import pytest

from softaudit.errors import OptionError
from softaudit.keys import NoSuchCell, make_key

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
