"""Which processes do what: files that are large beside the others are shared, the others dealt."""

from __future__ import annotations

import pytest

from softaudit.batch.plan import File
from softaudit.batch.run import _by_size


def files(*megabytes: float) -> list[File]:
    return [File(f"{i}.npy", f"{i}.npy", int(1e6 * size)) for i, size in enumerate(megabytes)]


@pytest.mark.parametrize(
    ("megabytes", "jobs", "together"),
    [
        ([2000, *[1] * 100], 2, [0]),  # one large file: everybody works on it
        ([300], 2, [0]),
        ([300, 300], 2, [0, 1]),
        ([100] * 8, 2, []),  # enough of them for all
        ([100] * 8, 1, range(8)),
        ([0.1] * 10, 2, range(10)),  # not worth the processes' start
        ([0.1] * 300, 2, []),
        ([400, 0.1, 0.1], 2, [0, 1, 2]),
    ],
)
def test_how_files_are_dealt(megabytes, jobs, together):
    made = files(*megabytes)
    large, small = _by_size(made, 24, jobs)
    assert large == [made[i] for i in together]
    assert sorted(small, key=made.index) == [file for file in made if file not in large]


def test_the_largest_comes_first():
    _, small = _by_size(files(1, 3, 2, *[1] * 90), 24, 2)
    assert [file.name for file in small[:4]] == ["1.npy", "2.npy", "0.npy", "3.npy"]
