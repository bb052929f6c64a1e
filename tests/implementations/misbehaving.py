"""What a user's functions do beside answering.  They run in a process of their own, never here."""

import builtins
import ctypes
import json
import os
import platform
import signal
import sys
import tempfile
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np

KEPT = []


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


class Kernels:
    @staticmethod
    def softmax(x):
        return softmax(x)


number = 3


def raises(x):
    raise ValueError("not\nthis one")


def raises_within_numpy(x):
    return np.zeros(6).reshape(7, 7)


def raises_after_another(x):
    try:
        raises(x)
    except ValueError as error:
        raise KeyError("after") from error


class _Mute(Exception):  # noqa: N818
    def __str__(self):
        raise RuntimeError


def raises_without_words(x):
    raise _Mute


def interrupts(x):
    raise KeyboardInterrupt


def exits(x):
    sys.exit(3)


def exits_at_once(x):
    os._exit(3)


def crashes(x):
    ctypes.string_at(0)


def hangs(x):
    while True:
        pass


def hangs_with_the_lock(x):
    if os.fork() == 0:
        time.sleep(60)
    ctypes.PyDLL(None).pause()


def stops(x):
    os.kill(os.getpid(), signal.SIGSTOP)


def takes_all_memory(x):
    return np.ones(10**15)


def wrong_shape(x):
    return np.zeros((3, 4))


def flat(x):
    return softmax(x).ravel()


def is_complex(x):
    return x.astype(np.complex64)


def is_boolean(x):
    return x > 0


def is_text(x):
    return [["a"] * x.shape[1]] * x.shape[0]


def is_objects(x):
    return np.array([[None] * x.shape[1]] * x.shape[0])


def is_none(x):
    return None


def is_ragged(x):
    return [[1.0], [1.0, 2.0]]


def is_generator(x):
    return (row for row in x)


class Stubborn:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array of me")


def is_stubborn(x):
    return Stubborn()


def writes(x):
    x[...] = softmax(x)
    return x


def same(x):
    return x


def nan(x):
    return np.full_like(x, np.nan)


def prints(x):
    sys.stdout.write("hello\n")
    sys.stderr.write("and more\n")
    return softmax(x)


def prints_from_c(x):
    ctypes.CDLL(None).printf(b"from C\n")
    return softmax(x)


def prints_much(x):
    for _ in range(500):
        os.write(2, b"y" * 65536)
    return softmax(x)


def warns(x):
    warnings.warn("falling back", stacklevel=1)
    np.exp(np.float16(100))
    return softmax(x)


def reads(x):
    assert sys.stdin.read() == ""
    return softmax(x)


def moves_away(x):
    os.chdir("/")
    return softmax(x)


DOWNWARD = {"x86_64": 0x400, "aarch64": 0x800000, "arm64": 0x800000}


def rounds_downward(x):
    way = DOWNWARD[platform.machine()]
    assert ctypes.CDLL(None).fesetround(way) == 0
    return np.full(x.shape, 0.1) + np.full(x.shape, 0.2)


def closes(x):
    os.closerange(3, 100)
    return softmax(x)


def reopens(x):
    os.closerange(3, 100)
    KEPT.extend(Path("opened").open("a") for _ in range(8))  # noqa: SIM115
    return softmax(x)


def answers_in_place(x):
    for descriptor in range(3, 500):
        with suppress(OSError):
            os.write(descriptor, b'{"kind": "answer", "bytes": 1000000000000}\n')
    return softmax(x)


def forks(x):
    child = os.fork()
    if child == 0:
        time.sleep(60)
    Path("child").write_text(str(child))
    return softmax(x)


def returns_twice(x):
    os.fork()
    return softmax(x)


def leaves_a_thread(x):
    threading.Thread(target=time.sleep, args=(0.3,), daemon=True).start()
    return softmax(x)


def mapped(x):
    with tempfile.TemporaryFile() as file:
        there = np.memmap(file, x.dtype, "w+", shape=x.shape)
    there[...] = softmax(x)
    return there


def masked(x):
    return np.ma.masked_less(softmax(x), 0.1)


def masks_nothing(x):
    return np.ma.masked_less(softmax(x), -1)


def breaks_builtins(x):
    y = softmax(x)
    builtins.len = builtins.isinstance = builtins.tuple = None
    return y


def breaks_numpy(x):
    y = softmax(x)
    np.asarray = np.ndarray = np.full = None
    return y


def breaks_and_raises(x):
    builtins.len = builtins.isinstance = None
    raise ValueError("broken")


def breaks_what_we_tell_with(x):
    json.dumps = None
    return softmax(x)


def finds_what_it_broke(x):
    assert builtins.len is None
    return softmax(x)


def strided(x):
    return np.repeat(softmax(x), 2, -1)[:, ::2]


def big_endian(x):
    return softmax(x).astype(x.dtype.newbyteorder(">"))


def in_float64(x):
    return np.full(x.shape, 0.1)


def in_float32_exactly(x):
    return np.full(x.shape, 0.25, np.float32)


def as_list(x):
    return np.full(x.shape, 0.25).tolist()


def as_list_of_more(x):
    return [[0.1] * x.shape[1]] * x.shape[0]


def as_integers(x):
    return np.ones(x.shape, int)


HALF_ULP = np.longdouble(2) ** -12
"""Of 1 in float16, where 1 + 2^-11 is the tie."""


def in_longdouble(x):
    """A hair above a tie: rounded to float64 first, it would be the tie, and go down."""
    return np.full(x.shape, 1 + 2 * HALF_ULP + np.longdouble(2) ** -60)


def log_of_sums(x):
    return np.log(np.exp(x).sum(-1))


def log_of_sums_kept(x):
    return np.log(np.exp(x).sum(-1, keepdims=True))


def steps(x):
    """Give the steps in memory from row to row and from column to column."""
    return [[n // x.itemsize for n in x.strides] + [x.dtype.num]] * 2


def asked(x):
    """Do what the first two numbers of the array say."""
    return NAMED[NAMES[8 * int(x[0, 0]) + int(x[0, 1])]](x)


NAMED = {
    name: given
    for name, given in list(globals().items())
    if getattr(given, "__module__", "") == __name__
}
NAMES = sorted(NAMED)
