"""Which files a batch takes: from trees made for it, with the answer written down by hand."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softaudit.batch.choice import matches
from softaudit.batch.folders import in_order
from softaudit.batch.plan import find
from softaudit.errors import InputError

TREE = (
    "a.npy", "b.csv.gz", "notes.md", ".hidden.npy", "dumps/layer10/head0.npy",
    "dumps/layer2/head10.npz", "dumps/layer2/head9.safetensors", "dumps/layer2/readme",
    "dumps/layer2/.cache/x.npy", "dumps/model.pt", "dumps/x.TSV", "dumps/log.md", "dumps/.npy",
    "other/z.npy", "empty/notes.md", "empty/data.json",
)  # fmt: skip
DUMPS = ("layer2/head9.safetensors", "layer2/head10.npz", "layer10/head0.npy", "model.pt", "x.TSV")


@pytest.fixture(autouse=True)
def _tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plant(TREE)


def plant(paths):
    for path in map(Path, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")


def names(*words, **options) -> list[str]:
    return [file.name for file in find(words, **options).files]


def refusal(*words, **options) -> str:
    with pytest.raises(InputError) as caught:
        find(words, **options)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_directory_is_looked_through_in_order():
    found = find(["dumps"])
    assert [file.name for file in found.files] == [f"dumps/{name}" for name in DUMPS]
    assert {file.size for file in found.files} == {5}
    assert found.others == {"": 1, ".md": 1}
    assert all(Path(file.path).is_file() for file in found.files)


def test_the_order_is_that_of_the_words_and_each_file_comes_once():
    assert names("other", "dumps/layer2", "./dumps//layer10", "dumps/x.TSV", "other/../a.npy") == [
        "other/z.npy", "dumps/layer2/head9.safetensors", "dumps/layer2/head10.npz",
        "dumps/layer10/head0.npy", "dumps/x.TSV", "a.npy",
    ]  # fmt: skip
    assert names("other", ".") == ["other/z.npy", *(n for n in names(".") if n != "other/z.npy")]


def test_no_order_of_the_file_system_is_seen(monkeypatch):
    before, scandir = find([".", "dump*/**/*.np?"]), os.scandir

    class Shuffled:
        def __init__(self, path):
            self.entries = list(scandir(path))
            random.shuffle(self.entries)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Shuffled)
    for seed in range(5):
        random.seed(seed)
        assert find([".", "dump*/**/*.np?"]) == before
        assert list(find(["."]).others.items()) == list(before.others.items())


@pytest.mark.parametrize("name", ["notes.md", ".hidden.npy", "dumps/layer2/.cache/x.npy"])
def test_a_file_that_is_named_is_taken_whatever_it_is_called(name):
    assert names(name, include=["*.npz"]) == [name]


def test_a_hidden_directory_that_is_named_is_looked_through():
    assert names("dumps/layer2/.cache") == ["dumps/layer2/.cache/x.npy"]


def test_a_file_that_is_taken_is_no_other():
    assert find(["dumps", "dumps/log.md"]).others == {"": 1}


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("*", [*(f"dumps/{n}" for n in DUMPS), "other/z.npy", "a.npy", "b.csv.gz", "notes.md"]),
        ("dumps/*", [f"dumps/{n}" for n in (*DUMPS[:3], "log.md", *DUMPS[3:])]),
        ("dumps/**", [f"dumps/{n}" for n in DUMPS]),
        ("**/*.npy", ["dumps/layer10/head0.npy", "other/z.npy", "a.npy"]),
        ("dumps/**/head*", [f"dumps/{n}" for n in DUMPS[:3]]),
        ("dumps/layer?", [f"dumps/{n}" for n in DUMPS[:2]]),
        ("./dumps/layer[0-9]*/*.npy", ["dumps/layer10/head0.npy"]),
        ("[ab].*", ["a.npy", "b.csv.gz"]),
        (".*.npy", [".hidden.npy"]),
        ("dumps/../oth*/z.npy", ["other/z.npy"]),
    ],
)
def test_wildcards(word, found):
    assert sorted(names(word)) == sorted(found)


def test_a_file_that_is_called_like_standard_input():
    plant(["-"])
    assert [file.path for file in find(["?"]).files] == ["./-"]


def test_a_file_wins_over_a_pattern_of_the_same_spelling():
    plant(["[ab].npy", "[1]"])
    assert names("[ab].npy", "[1]") == ["[ab].npy", "[1]"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"include": ["*.md"]}, ["log.md"]),
        ({"include": ["layer2/*"]}, [*DUMPS[:2], "layer2/readme"]),
        ({"include": ["*.npz", "*.pt"]}, ["layer2/head10.npz", "model.pt"]),
        ({"include": ["*.tsv"], "exclude": ["x*"]}, None),
        ({"exclude": ["head*"]}, ["model.pt", "x.TSV"]),
        ({"exclude": ["layer2/", "layer10/**"]}, ["model.pt", "x.TSV"]),
        ({"exclude": ["*/head1?.*", "*.pt", "*.TSV"]}, [DUMPS[0], DUMPS[2]]),
    ],
)  # fmt: skip
def test_include_and_exclude(options, found):
    if found is None:
        assert "no file of *.tsv in it" in refusal("dumps", **options)
    else:
        assert names("dumps", **options) == [f"dumps/{name}" for name in found]


def test_what_is_named_can_be_excluded():
    assert names("a.npy", "dumps/x.TSV", "other", exclude=["dumps/*", "z*"]) == ["a.npy"]


def test_what_is_excluded_is_no_other():
    assert find(["dumps"], exclude=["*.md"]).others == {"": 1}


@pytest.mark.parametrize(
    ("path", "pattern", "answer"),
    [
        ("a/b.npy", "b.npy", True), ("a/b.npy", "a", False), ("a/b.npy", "a/b.npy", True),
        ("a/b.npy", "/a/b.npy", True), ("a/b.npy", "b/b.npy", False), ("a/b/c", "a/*", False),
        ("a/b/c", "a/*/c", True), ("a/b/c", "a/**/c", True), ("a/c", "a/**/c", True),
        ("a/c", "**/c", True), ("c", "**/c", True), ("a/b/c", "**/b/**", True),
        ("a/b/c", "a/**/b", False), ("a/b", "a/**/**/b", True), ("a/b", "A/b", False),
        ("a/b/c/b/d", "**/b/d", True), ("a/b/c", "a/", True), ("b/a", "a/", False),
        ("a/b", "./a/?", True), ("a/b", "a/[!b]", False),
    ],
)  # fmt: skip
def test_patterns(path, pattern, answer):
    assert matches(tuple(path.split("/")), pattern) is answer


@given(parts=st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=5),
       wanted=st.lists(st.sampled_from(["a", "b", "*", "?", "**"]), min_size=2))  # fmt: skip
def test_patterns_are_regular_expressions_of_parts(parts, wanted):
    of_part = {"**": "(?:[^/]+/)*", "*": "[^/]+/", "?": "[^/]/"}
    pattern = "".join(of_part.get(part, f"{part}/") for part in wanted)
    answer = re.fullmatch(pattern, "/".join(parts) + "/") is not None
    assert matches(tuple(parts), "/".join(wanted)) is answer


def test_numbers_in_names_are_compared_as_numbers():
    names = ["a", "a1", "a01", "a2", "a10", "a10b2", "a10b10", "b", "2", "10"]
    ordered = ["2", "10", "a", "a01", "a1", "a2", "a10", "a10b2", "a10b10", "b"]
    assert sorted(names, key=lambda name: in_order((name,))) == ordered


class TestNames:
    @pytest.fixture(autouse=True)
    def _elsewhere(self, tmp_path, monkeypatch):
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        plant(["c.npy"])

    def test_beside_here_a_path_stays_as_it_is(self):
        assert names("../other", ".././a.npy") == ["../other/z.npy", "../a.npy"]

    def test_below_here_an_absolute_path_is_relative(self, tmp_path):
        assert names(str(tmp_path / "here")) == ["c.npy"]

    def test_from_the_root_a_path_begins_where_the_words_part(self, tmp_path):
        assert names(f"{tmp_path}/other/") == ["other/z.npy"]
        assert names(f"{tmp_path}/other", f"{tmp_path}/dumps/layer10") == [
            "other/z.npy", "dumps/layer10/head0.npy",
        ]  # fmt: skip
        assert names(f"{tmp_path}/dumps/layer*/*.npy") == ["layer10/head0.npy"]
        assert names(f"{tmp_path}/dumps/x.TSV") == ["x.TSV"]

    def test_two_files_never_share_a_name(self, tmp_path):
        message = refusal("c.npy", f"{tmp_path}/c.npy") if plant(["../c.npy"]) is None else ""
        assert message == (
            f"c.npy: c.npy and {tmp_path}/c.npy would have the same name; audit one at a time"
        )

    def test_control_characters_reach_no_terminal(self):
        plant(["d/a\n\x1b[31m.npy"])
        assert names("d") == ["d/a\\n\\x1b[31m.npy"]


class TestRefusals:
    def test_what_is_not_there(self):
        assert refusal("dumps", "gone.npy") == "gone.npy: no such file or directory"
        assert refusal("") == "'': no such file or directory"
        assert refusal("a\0b") == "a\\x00b: no such file or directory"
        assert refusal("x" * 5000).endswith("…: no such file or directory")

    def test_a_pattern_that_matches_nothing(self):
        assert refusal("dumps/*.npy") == "dumps/*.npy: matches no file"

    @pytest.mark.parametrize(
        ("word", "what"), [("[40, 0]", "literal logits"), ("-", "standard input")]
    )
    def test_what_is_no_file(self, word, what):
        assert refusal(word) == f"{word}: {what}, which softaudit check takes; name files"

    def test_a_directory_without_logits(self):
        assert refusal("dumps", "empty") == (
            "empty: no file of .npy, .npz, .safetensors, .csv, .tsv in it, 2 others; name files, "
            "or choose them by --include"
        )

    def test_nothing_left(self):
        assert refusal("dumps", exclude=["*"]) == "dumps: nothing is left; exclude less than *"

    def test_a_directory_that_cannot_be_read(self, monkeypatch):
        scandir = os.scandir

        def closed(path):
            if str(path).endswith("layer2"):
                raise PermissionError(13, "Permission denied")
            return scandir(path)

        monkeypatch.setattr(os, "scandir", closed)
        for word in ("dumps", "dumps/**/*.npy", "dumps/layer2/*"):
            assert refusal(word) == (
                "dumps/layer2: permission denied; make the directory readable, or leave it out "
                "by a --exclude that ends in /**"
            )
        assert names("dumps", exclude=["layer2/**"]) == [f"dumps/{name}" for name in DUMPS[2:]]


class TestLinks:
    @pytest.fixture(autouse=True)
    def _links(self):
        Path("linked").mkdir()
        Path("linked/up").symlink_to("..")
        Path("linked/a.npy").symlink_to("../a.npy")
        Path("linked/broken.npy").symlink_to("gone.npy")

    def test_files_are_taken_and_directories_not(self):
        """A broken link is one of those that the report tells as skipped."""
        found = find(["linked"]).files
        assert [(f.name, f.size) for f in found] == [("linked/a.npy", 5), ("linked/broken.npy", 0)]

    def test_wildcards_do_not_go_round_in_circles(self):
        assert names("linked/**/*.npy") == ["linked/a.npy", "linked/broken.npy"]

    def test_a_linked_directory_that_is_named_is_looked_through(self):
        assert "linked/up/dumps/x.TSV" in names("linked/up")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
    def test_a_pipe_in_a_directory_is_not_waited_for(self):
        os.mkfifo("linked/pipe.npy")
        assert names("linked") == ["linked/a.npy", "linked/broken.npy"]
