"""Requirements as people write them: what is taken, and that whatever is unknown is an error."""

from __future__ import annotations

from math import inf

import pytest

from softaudit.errors import OptionError
from softaudit.gate import judge, parse_requirement, requirement_of_table
from softaudit.json_v1 import FIGURES

from .reports import audit, cell, report

TABLE = {"where": "softmax/float32/stable", "metric": "ulp.max", "at-most": 40}


@pytest.mark.parametrize(
    ("line", "where", "metric", "bound", "limit"),
    [
        ("softmax/float32/*: ulp.max <= 40", "softmax/float32/*", "ulp.max", "at-most", 40),
        ("  softmax/float32/* :ulp.max<=40  ", "softmax/float32/*", "ulp.max", "at-most", 40),
        ("softmax/float32/*:ulp.max>=0.5", "softmax/float32/*", "ulp.max", "at-least", 0.5),
        ("softmax/bfloat16:float32/stable: overflow.result <= 0",
         "softmax/bfloat16:float32/stable", "overflow.result", "at-most", 0),
        ("softmax/bfloat16:*/stable:ulp.p99<=.5", "softmax/bfloat16:*/stable", "ulp.p99",
         "at-most", 0.5),
        ("*: out_of_range <= 0", "*", "out_of_range", "at-most", 0),
        ("*: breaks.inf-over-inf.count <= 0", "*", "breaks.inf-over-inf.count", "at-most", 0),
        ("*: ulp.max <= 1e300", "*", "ulp.max", "at-most", 1e300),
        ("*: ulp.max <= inf", "*", "ulp.max", "at-most", inf),
        ("*: ulp.max >= -inf", "*", "ulp.max", "at-least", -inf),
    ],
)  # fmt: skip
def test_a_line_is_taken_apart(line, where, metric, bound, limit):
    found = parse_requirement(line)
    assert (found.where, found.metric, found.bound, found.limit) == (where, metric, bound, limit)
    assert (found.input, found.level) == (None, "error")


@pytest.mark.parametrize("limit", [40, 0.1, 1e300, 2.0**60, 5e-324, inf, -inf, 2**53 + 1, -0.0])
@pytest.mark.parametrize("bound", ["at-most", "at-least"])
def test_what_is_shown_can_be_written(limit, bound):
    shown = requirement_of_table(
        {"where": "log*/*", "metric": "ulp.max", bound: limit}, "a.toml"
    ).text
    found = parse_requirement(shown)
    assert (found.where, found.metric, found.bound) == ("log*/*", "ulp.max", bound)
    assert found.limit == limit or isinstance(limit, int)
    assert float(found.limit) == float(limit)
    assert len(shown) < 50


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("softmx/float32/stable: ulp.max <= 3", "did you mean softmax?"),
        ("softmax/float31/*: ulp.max <= 3", "unknown format 'float31': did you mean float32?"),
        ("softmax/flot32*/stable: ulp.max <= 3", "did you mean float32?"),
        ("softmax/*/stabel: ulp.max <= 3", "unknown algorithm 'stabel': did you mean stable?"),
        ("softmax/*/stabel?: ulp.max <= 3", "did you mean stable?"),
        ("soft[nm]ix/*/stable: ulp.max <= 3", "unknown function"),
        ("softmax/float32:flaot64/stable: ulp.max <= 3", "did you mean float64?"),
        ("softmax/float16:float16:float31/*: ulp.max <= 3", "unknown accumulator format"),
        ("softmax/float16:float16:float16:seqential/*: ulp.max <= 3", "did you mean sequential?"),
        ("softmax/float32:/stable: ulp.max <= 3", "unknown compute format ''"),
        ("softmax/float32:float16/stable: ulp.max <= 3", "does not hold every float32"),
        ("softmax/float32/log-of-softmax: ulp.max <= 3", "choose from naive, stable"),
        ("softmax/float32: ulp.max <= 3", "is no cell: function/format/algorithm, such as"),
        ("softmax: ulp.max <= 3", "is no cell"),
        ("a/b/c/*: ulp.max <= 3", "is no cell"),
        ("*: kl <= 1", "metric 'kl' is part of quality.kl.max, quality.kl.mean, quality.kl"),
        ("softmax/float16:a:b:c:d/*: ulp.max <= 3", "format[:compute[:accumulate[:order]]]"),
        ("*: ulp.mx <= 3", "unknown metric 'ulp.mx': did you mean ulp.max?"),
        ("*: max <= 3", "metric 'max' is part of ulp.max"),
        ("*: ratio <= 3", "metric 'ratio' is part of bound.ratio, ratio.ulp.max"),
        ("*: ratio.ulp.mx <= 3", "did you mean ratio.ulp.max?"),
        ("softmax/*/torhc: ulp.max <= 3", "unknown algorithm 'torhc': did you mean torch?"),
        ("*/onnxrutime: ulp.max <= 3", "did you mean onnxruntime?"),
        ("softmax/float31/kernels.softmax: ulp.max <= 3", "did you mean float32?"),
        ("softmax/float32:float16/torch: ulp.max <= 3", "does not hold every float32"),
        ("*: causes.absorbtion.count <= 3", "did you mean causes.absorption.count?"),
        ("*: worst <= 3", "unknown metric"),
        ("*: ulp.max < 3", "< is no bound: use <= or >="),
        ("*: ulp.max == 3", "== is no bound"),
        ("*: ulp.max =< 3", "=< is no bound"),
        ("*: ulp.max <= three", "'three' is not a number"),
        ("*: ulp.max <= nan", "nan is no limit"),
        ("*: ulp.max <= NaN", "nan is no limit"),
        ("*: ulp.max <= 3 4", 'write "softmax/float32/*: ulp.max <= 40"'),
        ("*: ulp.max <=", "write "),
        ("* ulp.max <= 3", "write "),
        (": ulp.max <= 3", "write "),
        ("", "write "),
    ],
)
def test_what_is_wrong_in_a_line(line, says):
    with pytest.raises(OptionError) as caught:
        parse_requirement(line)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"--require {line!r}: ")


def test_a_table_with_everything():
    found = requirement_of_table(
        {**TABLE, "at-most": 2.5, "input": "dumps/*.npy", "level": "warning"}, "p.toml: require 1"
    )
    assert (found.limit, found.bound, found.level) == (2.5, "at-most", "warning")
    assert (found.input, found.origin) == ("dumps/*.npy", "p.toml: require 1")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"were": 1}, "unknown key 'were': did you mean where?"),
        ({"at_most": 1}, "unknown key 'at_most': did you mean at-most?"),
        ({"inputs": "a"}, "unknown key 'inputs': did you mean input?"),
        ({"": 1}, "unknown key ''"),
        ({"where": None}, "lacks 'where'"),
        ({"metric": None}, "lacks 'metric'"),
        ({"where": ""}, "lacks 'where'"),
        ({"input": ""}, "lacks 'input'"),
        ({"level": ""}, "lacks 'level'"),
        ({"where": 1}, "where is 1: give a string"),
        ({"where": ["*"]}, "where is ['*']: give a string"),
        ({"metric": True}, "metric is True: give a string"),
        ({"input": ["a"]}, "input is ['a']: give a string"),
        ({"level": 2}, "level is 2: give a string"),
        ({"level": "warn"}, "unknown level 'warn': did you mean warning?"),
        ({"at-most": None}, "give one of at-most and at-least"),
        ({"at-least": 1}, "give one of at-most and at-least"),
        ({"at-most": "40"}, "at-most is '40': give a number"),
        ({"at-most": True}, "at-most is True: give a number"),
        ({"at-most": [1]}, "at-most is [1]: give a number"),
        ({"at-most": {}}, "at-most is {}: give a number"),
        ({"at-most": float("nan")}, "nan is no limit"),
        ({"at-most": 10**400}, "at-most is beyond every figure"),
        ({"at-most": -(10**5000)}, "at-most is beyond every figure"),
        ({"metric": "ulp.maxx"}, "unknown metric 'ulp.maxx': did you mean ulp.max?"),
        ({"where": "softmax/float32/stabel"}, "did you mean stable?"),
    ],
)
def test_what_is_wrong_in_a_table(changes, says):
    table = {k: v for k, v in {**TABLE, **changes}.items() if v is not None}
    with pytest.raises(OptionError) as caught:
        requirement_of_table(table, "p.toml: require 2")
    assert str(caught.value).startswith("p.toml: require 2: ")
    assert says in str(caught.value)


def test_every_figure_may_be_required():
    for metric in FIGURES:
        assert parse_requirement(f"*: {metric} <= 1").metric == metric


NAMES = (
    "softmax/float16/naive",
    "softmax/float16/stable",
    "softmax/bfloat16:float32/stable",
    "softmax/bfloat16:bfloat16:float32/stable",
    "softmax/bfloat16:bfloat16:bfloat16:sequential/naive",
    "log_softmax/float64/log-of-softmax",
    "logsumexp/float8_e4m3fn/naive",
)
F16N, F16S, B32, BSUM, BSEQ, LOG, LSE = NAMES


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("*", NAMES),
        ("softmax/*", NAMES[:5]),
        ("*/stable", (F16S, B32, BSUM)),
        ("softmax/bfloat16:*", (B32, BSUM, BSEQ)),
        ("softmax/bfloat16:*/stable", (B32, BSUM)),
        ("*/bfloat16:bfloat16:*/*", (BSUM, BSEQ)),
        ("*:sequential/*", (BSEQ,)),
        ("softmax/float1?/naive", (F16N,)),
        ("log*", (LOG, LSE)),
        ("*/float8*/*", (LSE,)),
        # Defaults written out, with and without wildcards beside them.
        ("softmax/float16:float16:float16:pairwise/stable", (F16S,)),
        ("softmax/bfloat16:float32:float32:pairwise/stable", (B32,)),
        ("softmax/bfloat16:float32:float32/*", (B32,)),
        ("*/bfloat16:bfloat16:float32:pairwise/stable", (BSUM,)),
        ("softmax/float16:float16/*", (F16N, F16S)),
    ],
)
def test_which_cells_a_pattern_is_about(where, names):
    requirement = parse_requirement(f"{where}: elements >= 0")
    found = judge(report(audit(*map(cell, NAMES))), [requirement])
    (ruling,) = found.judgement.rulings
    assert tuple(verdict.cell for verdict in ruling.verdicts) == names


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_a_pattern_of_its_own(name):
    (ruling,) = judge(
        report(audit(*map(cell, NAMES))), [parse_requirement(f"{name}: elements >= 0")]
    ).judgement.rulings
    assert [verdict.cell for verdict in ruling.verdicts] == [name]


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("softmax/float16/torch", "softmax/float16/torch"),
        ("softmax/float16:float16:float16:pairwise/torch", "softmax/float16/torch"),
        ("logsumexp/bfloat16:bfloat16/kernels.fast", "logsumexp/bfloat16/kernels.fast"),
        ("softmax/float32/out.npz.probs", "softmax/float32/out.npz.probs"),
        ("softmax/*/kernels.softmax", "softmax/*/kernels.softmax"),
        ("softmax/float16:float16/kernels.*", "softmax/float16/kernels.*"),
        ("*/kernels.softmax", "*/kernels.softmax"),
        ("*/onnxruntime", "*/onnxruntime"),
        ("*/torc?", "*/torc?"),
    ],
)
def test_names_of_implementations(where, name):
    """Frameworks are known by name; a function or a file has a dot, and may be called anything."""
    assert parse_requirement(f"{where}: ratio.ulp.max <= 2").where == name
