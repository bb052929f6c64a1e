"""What is done survives whatever ends a run, and nothing that was damaged counts as done."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import softaudit
from softaudit.batch.journal import Journal
from softaudit.batch.one import Made
from softaudit.errors import InputError, OptionError
from softaudit.json_v1 import audit_to_json

ASKED = {"cells": ["softmax/float16/stable"], "temperature": 1.0}


def made(*rows: list[float]) -> Made:
    audit = softaudit.audit(np.array(rows), format="float16", algorithm="stable")
    text = json.dumps(audit_to_json(audit)).encode()
    return Made(text, audit.source.sha256, audit.source.rows * audit.source.columns, 2, 0)


ONE, TWO, THREE = made([0.0, 1.0]), made([1.0, 2.0, 3.0]), made([4.0, 5.0])


@pytest.fixture
def path(tmp_path):
    """Give the place of a journal that has b, of two arrays, and a; c was being written."""
    journal = Journal(tmp_path / "j", ASKED, resume=False)
    journal.add("b", ONE)
    journal.add("a", THREE)
    journal.add("b", TWO)
    journal.finish("b")
    journal.finish("a")
    journal.add("c", ONE)
    journal.close()
    return tmp_path / "j"


def finished(path, asked=ASKED, *, resume=True):
    journal = Journal(path, asked, resume=resume)
    found = {name: (done.sha256, done.logits) for name, done in journal.finished.items()}
    journal.close()
    return found


BOTH = {"b": (TWO.sha256, 5), "a": (THREE.sha256, 2)}


def test_files_that_were_closed_are_done(path):
    assert finished(path) == BOTH


def test_audits_come_in_the_order_asked_for_however_files_ended(path):
    journal = Journal(path, ASKED, resume=True)
    audits = journal.audits(["a", "b"])
    assert len(audits) == 3
    assert [audit.source.shape for audit in audits] == [(1, 2), (1, 2), (1, 3)]
    assert [audit.source.sha256 for audit in audits] == [
        THREE.sha256, ONE.sha256, TWO.sha256,
    ]  # fmt: skip
    assert len(list(audits)) == 3  # again
    journal.close()
    journal.remove()
    assert not path.exists()


@pytest.mark.parametrize("missing", [1, 2, 40, 300])
def test_what_was_being_written_is_cut_off_and_the_rest_goes_on(path, missing):
    whole = path.read_bytes()
    end = whole.rindex(b'{"file": "c"')
    path.write_bytes(whole[: max(end, len(whole) - missing)])
    journal = Journal(path, ASKED, resume=True)
    journal.add("c", THREE)
    journal.finish("c")
    journal.close()
    assert finished(path) == {**BOTH, "c": (THREE.sha256, 2)}
    assert path.read_bytes().startswith(whole[:end])


def test_a_file_that_was_not_closed_is_begun_anew(path):
    journal = Journal(path, ASKED, resume=True)
    journal.add("c", TWO)
    journal.add("c", THREE)
    journal.finish("c")
    journal.close()
    assert finished(path) == {**BOTH, "c": (THREE.sha256, 5)}
    journal = Journal(path, ASKED, resume=True)
    assert [audit.source.shape for audit in journal.audits(["c"])] == [(1, 3), (1, 2)]
    journal.close()


def test_no_byte_of_a_file_that_counts_can_be_missing(path):
    whole = path.read_bytes()
    closing = whole.index(b'{"file": "b", "done"')
    after = whole.index(b"\n", closing) + 1
    for end in (closing, closing + 1, after - 1):
        path.write_bytes(whole[:end])
        assert finished(path) == {}
    path.write_bytes(whole[:after])
    assert finished(path) == {"b": BOTH["b"]}


def test_what_was_changed_is_not_done(path):
    whole = path.read_bytes()
    figure = whole.index(b'"elements": 2')
    path.write_bytes(whole[:figure] + b'"elements": 3' + whole[figure + 13 :])
    assert finished(path) == {"a": BOTH["a"]}


def test_other_options_take_nothing_over(path):
    other = {**ASKED, "temperature": 2.0}
    journal = Journal(path, other, resume=True)
    assert (journal.finished, journal.left) == ({}, 2)
    journal.close()
    assert finished(path) == BOTH  # nothing was written
    journal = Journal(path, other, resume=True)
    journal.add("d", ONE)
    journal.finish("d")
    journal.close()
    assert set(finished(path, other)) == {"d"}
    assert finished(path) == {}


def test_without_resume_all_is_done_anew_and_kept_until_something_is(path):
    journal = Journal(path, ASKED, resume=False)
    assert (journal.finished, journal.left) == ({}, 2)
    journal.close()
    assert finished(path) == BOTH
    journal = Journal(path, ASKED, resume=False)
    journal.add("d", ONE)
    journal.finish("d")
    journal.close()
    assert set(finished(path)) == {"d"}


def test_a_file_that_is_dropped_and_done_again_counts_once(path):
    journal = Journal(path, ASKED, resume=True)
    journal.drop("b")
    journal.add("b", THREE)
    journal.finish("b")
    assert [audit.source.shape for audit in journal.audits(["b"])] == [(1, 2)]
    journal.close()
    assert finished(path) == {"b": (THREE.sha256, 2), "a": BOTH["a"]}


@pytest.mark.parametrize("text", [b"0.5,1.5\n", b'{"schema": 1}\n', b"[]\n", b"\0"])
def test_what_is_no_journal_is_not_written_over(tmp_path, text):
    path = tmp_path / "j"
    path.write_bytes(text)
    with pytest.raises(InputError, match="no journal; name another file with --journal"):
        Journal(path, ASKED, resume=True)
    assert path.read_bytes() == text


@pytest.mark.parametrize("length", [1, 12, 13, 40])
def test_a_header_that_was_being_written_is_one_of_nothing(path, length):
    path.write_bytes(path.read_bytes()[:length])
    assert finished(path) == {}
    journal = Journal(path, ASKED, resume=True)
    journal.add("c", ONE)
    journal.finish("c")
    journal.close()
    assert set(finished(path)) == {"c"}


def test_a_journal_that_holds_nothing_is_not_left_behind(tmp_path):
    path = tmp_path / "j"
    Journal(path, ASKED, resume=False).close()
    assert not path.exists()


def test_two_runs_do_not_write_one_journal(path):
    code = (
        "from pathlib import Path; from softaudit.batch.journal import Journal; import sys\n"
        "Journal(Path(sys.argv[1]), {}, resume=False)"
    )
    journal = Journal(path, ASKED, resume=True)
    run = [sys.executable, "-c", code, str(path)]
    other = subprocess.run(run, capture_output=True, text=True, check=False)
    journal.close()
    assert "another run writes this journal" in other.stderr
    assert subprocess.run(run, capture_output=True, check=False).returncode == 0


def test_a_journal_that_cannot_be_written_is_one_line(tmp_path):
    with pytest.raises(OptionError, match="the journal cannot be written: no such file"):
        Journal(tmp_path / "none" / "j", ASKED, resume=False)
