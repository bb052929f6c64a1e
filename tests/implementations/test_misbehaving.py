"""A user's function may do anything: the judge gets an answer, or one line that says why not."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from softaudit.formats import FORMATS
from softaudit.implementations import Runner, Unanswered, find
from softaudit.reference import check_processor

FILE = Path(__file__).parent / "misbehaving.py"
LINES = FILE.read_text(encoding="utf-8").split("\n")


def question(name: str) -> np.ndarray:
    """Give an array that says what to do in numbers of every format."""
    high, low = divmod(NAMES.index(name), 8)
    return np.array([[high, low, -2.0], [1.0, 2.0, 3.0]])


NAMES = sorted(
    line.split()[1].partition("(")[0].rstrip(":")
    for line in LINES
    if line.startswith(("def ", "class "))
)


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    """One process for all functions; those that end it make for another."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("here"))
    with Runner(find(f"{FILE}:asked")) as one:
        yield one
    os.chdir(before)


def ask(runner, name, function="softmax", form="float16", layout="contiguous"):
    return runner.ask(function, question(name), FORMATS[form], layout)


def at(text: str) -> str:
    """Say where in the file of functions a line is."""
    number = next(i for i, line in enumerate(LINES, 1) if line.strip() == text)
    return f"(misbehaving.py, line {number})"


_BROKE = 'raise ValueError("broken")'
_RAISED = 'raise ValueError("not\\nthis one")'
REASONS = {
    "raises": f"raises ValueError: not this one {at(_RAISED)}",
    "raises_within_numpy": "raises ValueError: cannot reshape array of size 6 into shape (7,7) "
    + at("return np.zeros(6).reshape(7, 7)"),
    "raises_after_another": "raises KeyError: 'after' " + at('raise KeyError("after") from error'),
    "raises_without_words": f"raises Exception {at('raise _Mute')}",
    "interrupts": f"raises KeyboardInterrupt {at('raise KeyboardInterrupt')}",
    "exits": f"calls sys.exit(3) {at('sys.exit(3)')}",
    "exits_at_once": "ended its process with exit code 3",
    "crashes": "was ended by signal SIGSEGV",
    "wrong_shape": "returns shape (3, 4), and softmax of (2, 3) has (2, 3)",
    "flat": "returns shape (6,), and softmax of (2, 3) has (2, 3)",
    "is_complex": "returns complex64, and softmax is real numbers",
    "is_boolean": "returns bool, and softmax is real numbers",
    "is_text": "returns text, and softmax is real numbers",
    "is_objects": "returns Python objects (ndarray), and softmax is real numbers",
    "is_none": "returns None, and no array; a function returns shape (2, 3)",
    "is_ragged": "returns rows of different length",
    "is_generator": "returns an object of type generator, and softmax is real numbers",
    "is_stubborn": "returns Stubborn, of which NumPy makes no array: RuntimeError: no array of me "
    + at('raise RuntimeError("no array of me")'),
    "closes": "closed the file descriptors through which it answers",
    "reopens": "closed the file descriptors through which it answers",
    "answers_in_place": "writes where its process answers, and what came was no answer",
}


@pytest.mark.parametrize("name", REASONS)
def test_what_is_no_answer_is_one_line(runner, name):
    with pytest.raises(Unanswered) as unanswered:
        ask(runner, name)
    assert unanswered.value.reason == REASONS[name]


def test_a_file_that_is_open_where_answers_went_is_not_written_to(runner):
    with pytest.raises(Unanswered):
        ask(runner, "reopens")
    assert Path("opened").read_bytes() == b""


def test_the_traceback_is_the_users_own(runner):
    with pytest.raises(Unanswered) as unanswered:
        ask(runner, "raises_after_another")
    detail = unanswered.value.detail
    assert detail.startswith("Traceback (most recent call last):\n")
    assert detail.endswith("KeyError: 'after'\n")
    assert "ValueError: not\nthis one\n" in detail
    assert "worker.py" not in detail


def test_of_a_crash_the_users_frames_are_shown(runner):
    with pytest.raises(Unanswered) as unanswered:
        ask(runner, "crashes")
    assert "Segmentation fault" in unanswered.value.detail
    assert "misbehaving.py" in unanswered.value.detail
    assert "worker.py" not in unanswered.value.detail


@pytest.mark.parametrize("name", ["breaks_builtins", "breaks_numpy"])
def test_what_is_broken_for_the_user_is_whole_for_us(runner, name):
    answer = ask(runner, name, form="float32")
    assert answer.values.tolist()[1] == pytest.approx([0.09003057, 0.24472847, 0.66524096])
    if name == "breaks_builtins":
        assert ask(runner, "finds_what_it_broke", form="float32").remarks == ()
    runner.close()


def test_who_breaks_python_and_raises_is_shown_with_the_traceback(runner):
    with pytest.raises(Unanswered) as unanswered:
        ask(runner, "breaks_and_raises")
    runner.close()
    assert unanswered.value.reason == f"raises ValueError: broken {at(_BROKE)}"
    assert unanswered.value.detail.endswith("ValueError: broken\n")


def test_of_what_fails_in_our_part_nothing_is_shown(runner):
    with pytest.raises(Unanswered) as unanswered:
        ask(runner, "breaks_what_we_tell_with")
    assert (unanswered.value.reason, unanswered.value.detail) == (
        "leaves Python or NumPy broken, so that what it returns cannot be told", "",
    )  # fmt: skip


def test_more_memory_than_there_is(runner):
    with pytest.raises(Unanswered, match=r"^raises MemoryError: Unable to allocate 7.11 PiB"):
        ask(runner, "takes_all_memory")


def test_who_hangs_is_killed(runner, monkeypatch):
    runner.start()
    monkeypatch.setattr(runner, "_timeout", 0.3)
    process = runner._process._process
    with pytest.raises(Unanswered) as unanswered:
        ask(runner, "hangs")
    assert unanswered.value.reason == "does not answer within 0.3 s; --timeout allows more"
    assert process.returncode == -signal.SIGKILL


REMARKS = {
    "softmax": (),
    "writes": ("writes to its input",),
    "prints": ("prints: 'hello…'",),
    "prints_from_c": ("prints: 'from C'",),
    "prints_much": (f"prints: '{'y' * 59}…'",),
    "warns": ("prints: 'UserWarning: falling back'",),
    "reads": (),
    "moves_away": (),
    "returns_twice": (),
    "leaves_a_thread": (),
    "mapped": (),
    "masked": ("returns a masked array, whose mask is left out",),
    "masks_nothing": (),
    "strided": (),
    "big_endian": (),
}


@pytest.mark.parametrize("name", REMARKS)
def test_who_answers_is_heard_and_the_rest_remarked(runner, name):
    answer = ask(runner, name, form="float32")
    assert answer.remarks == REMARKS[name]
    assert answer.values.tolist()[1] == pytest.approx([0.09003057, 0.24472847, 0.66524096])
    assert answer.values.dtype == np.float64
    assert np.array_equal(answer.values, answer.values.astype(np.float32))


TENTH_IN_FLOAT16 = 1638 / 2**14
ROUNDED = {
    "in_float64": (TENTH_IN_FLOAT16, "returns float64, rounded once to float16"),
    "in_float32_exactly": (0.25, "returns float32"),
    "as_list": (0.25, ""),
    "as_list_of_more": (TENTH_IN_FLOAT16, "returns Python numbers, rounded once to float16"),
    "as_integers": (1.0, "returns int64"),
    "in_longdouble": (1 + 2**-10, f"returns {np.dtype(np.longdouble)}, rounded once to float16"),
}


@pytest.mark.parametrize("name", ROUNDED)
def test_other_dtypes_are_rounded_once(runner, name):
    if name == "in_longdouble" and np.finfo(np.longdouble).nmant < 60:
        pytest.skip("longdouble is float64 here")
    value, remark = ROUNDED[name]
    answer = ask(runner, name)
    assert answer.values.tolist() == [[value] * 3] * 2
    assert answer.remarks == ((remark,) if remark else ())


def test_nan_and_the_input_itself_are_answers(runner):
    assert np.isnan(ask(runner, "nan").values).all()
    assert ask(runner, "same").values.tolist() == question("same").tolist()


@pytest.mark.parametrize("name", ["log_of_sums", "log_of_sums_kept"])
def test_logsumexp_is_one_number_for_every_row(runner, name):
    answer = ask(runner, name, "logsumexp", "float64")
    assert answer.values.shape == (2, 1)
    assert answer.values[1, 0] == pytest.approx(3.40760596)  # 3 + log(1 + e^-1 + e^-2)


def test_shapes_are_said_as_they_are_asked(runner):
    with pytest.raises(Unanswered, match=r"^returns shape \(2, 3\), and logsumexp of .* has \(2,"):
        ask(runner, "softmax", "logsumexp")


@pytest.mark.parametrize(
    ("layout", "steps"), [("contiguous", [3, 1]), ("transposed", [1, 2]), ("strided", [6, 2])]
)
def test_layouts(runner, layout, steps):
    answer = ask(runner, "steps", form="float32", layout=layout)
    assert answer.values.tolist() == [[*steps, np.dtype(np.float32).num]] * 2


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("layout", ["contiguous", "transposed", "strided"])
def test_numbers_arrive_in_the_formats_own_dtype(runner, form, layout):
    answer = ask(runner, "same", form=form, layout=layout)
    handed_over = question("same").astype(FORMATS[form].dtype).astype(np.float64)
    assert np.array_equal(answer.values, handed_over)
    assert answer.remarks == ()


def test_the_judges_processor_is_its_own(runner):
    if platform.machine() not in ("x86_64", "aarch64", "arm64"):
        pytest.skip("no constant for rounding downward")
    downward = ask(runner, "rounds_downward", form="float64").values
    runner.close()  # whose process it was
    # To nearest, 0.1 + 0.2 is the next number above 0.3.
    assert (downward == 0.3).all()
    check_processor()


def test_nothing_that_it_started_outlives_it(runner):
    ask(runner, "forks")
    child = int(Path("child").read_text())
    runner.close()
    for _ in range(100):
        if not alive(child):
            break
        time.sleep(0.02)
    assert not alive(child)


def alive(process: int) -> bool:
    """Whether a process is there and no zombie, which its new parent has yet to take note of."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    look = ["ps", "-o", "stat=", "-p", str(process)]
    state = subprocess.run(look, capture_output=True, text=True, check=False).stdout.strip()
    return state != "" and not state.startswith("Z")


def test_the_process_is_not_the_judges_and_leaves_nothing(runner):
    runner.start()
    process = runner._process._process
    before = descriptors()
    assert os.getsid(process.pid) == process.pid  # which Ctrl-C in a terminal does not reach
    runner.close()
    assert process.returncode is not None
    assert "misbehaving" not in sys.modules
    assert before - descriptors() == (3 if before else 0)


def descriptors() -> int:
    """Count the open file descriptors, where the system shows them."""
    shown = Path("/proc/self/fd")
    return len(list(shown.iterdir())) if shown.is_dir() else 0


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a thread alone, which needs the lock")


@pytest.mark.processes
@pytest.mark.parametrize(
    "name", ["hangs", pytest.param("hangs_with_the_lock", marks=LINUX),
             pytest.param("stops", marks=LINUX)]
)  # fmt: skip
def test_it_ends_with_a_judge_that_is_killed(name):
    """Whatever it is doing, and with it whom it started."""
    program = f"""
import os, signal, threading, time
from softaudit.implementations import Runner, find
from softaudit.formats import FORMATS
import numpy as np
runner = Runner(find({f"{FILE}:{name}"!r}))
runner.start()
print(runner._process._process.pid, flush=True)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()
runner.ask("softmax", np.zeros((1, 2)), FORMATS["float32"])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    group = int(done.stdout)
    for _ in range(200):
        if not (left := living(group)):
            break
        time.sleep(0.02)
    assert not left


def living(group: int) -> list[str]:
    """Give the states of a group's processes but for zombies."""
    look = ["ps", "-A", "-o", "pgid=,stat="]
    lines = subprocess.run(look, capture_output=True, text=True, check=True).stdout.splitlines()
    states = [state for number, state in map(str.split, lines) if int(number) == group]
    return [state for state in states if not state.startswith("Z")]


@pytest.mark.processes
def test_it_outlives_the_thread_that_started_it(runner):
    runner.close()
    starts = threading.Thread(target=runner.start)
    starts.start()
    starts.join()
    process = runner._process._process
    time.sleep(0.1)
    ask(runner, "softmax")
    assert runner._process._process is process


def test_ctrl_c_ends_it(runner):
    runner.start()
    process = runner._process._process
    interrupt = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 -- which could come at any time
        interrupt.start()
        ask(runner, "hangs")
    assert process.returncode == -signal.SIGKILL


def test_threads_are_told_before_the_start(tmp_path):
    (tmp_path / "k.py").write_text(
        "import os\nprint('up')\n"
        "def f(x): return [[float(os.environ['OMP_NUM_THREADS'])] * x.shape[1]] * x.shape[0]\n"
    )
    with Runner(find(f"{tmp_path / 'k.py'}:f"), threads=3) as runner:
        answer = runner.ask("softmax", np.zeros((1, 2)), FORMATS["float32"])
    assert answer.values.tolist() == [[3.0, 3.0]]
    assert answer.remarks == ("prints when it starts: 'up'",)
