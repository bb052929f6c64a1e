"""What is done of a batch, on disk: so that work survives whatever ends it, and memory stays small.

A journal is JSON, line by line: first what was asked, then one line for each audit, and one that
closes a file, with the digest of the lines that belong to it.  A file counts from there on.  What
was being written when the run ended is cut off; what was tampered with is computed anew.  Files are
written in the order in which they end, and read in the order of the report, so that nothing in the
report tells whether a run was interrupted.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from softaudit.errors import InputError, OptionError
from softaudit.json_v1 import audit_from_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from softaudit.batch.one import Made
    from softaudit.model import Audit

VERSION = 1


@dataclass(frozen=True, slots=True)
class Finished:
    """A file that is done.

    Attributes
    ----------
    sha256 : str
        Of its bytes.
    places : tuple of int
        Where its audits' lines begin.
    logits : int
        How many it has.
    """

    sha256: str
    places: tuple[int, ...]
    logits: int


@dataclass(slots=True)
class _Open:
    """A file of which some lines are written."""

    places: list[int] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)
    logits: int = 0
    sha256: str = ""

    def add(self, place: int, line: bytes, logits: int, sha256: str) -> None:
        self.places.append(place)
        self.digest.update(line)
        self.logits += logits
        self.sha256 = sha256

    def finish(self) -> Finished:
        return Finished(self.sha256, tuple(self.places), self.logits)


class Journal:
    """A journal on disk.

    Parameters
    ----------
    path : Path
        Made if it is not there; written to when the first audit ends, and not before.
    asked : mapping
        What is asked of every file, and what computes it, as JSON has it.
    resume : bool
        Whether to take over what it has of the same.

    Attributes
    ----------
    finished : dict of str to Finished
        Files that are done, by name.
    left : int
        How many files an earlier run had done of which nothing is taken over.
    differs : bool
        Whether that run had other options or versions.
    is_needed : bool
        Whether a later run may want it; somebody else sets it.

    Raises
    ------
    OptionError
        If the file cannot be written, or another run writes it.
    InputError
        If it is something else than a journal.
    """

    def __init__(self, path: Path, asked: Mapping[str, Any], *, resume: bool) -> None:
        self.path = path
        self._header = {"journal": VERSION, "asked": dict(asked)}
        try:
            self._file = path.open("a+b")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise OptionError(f"{path}: the journal cannot be written: {reason}") from error
        _lock(self._file, path)
        header, found, self._end = _read(self._file, path)
        is_same = header == self._header
        self.finished: dict[str, Finished] = found if resume and is_same else {}
        self.left = len(found) - len(self.finished)
        self.differs = header is not None and not is_same
        self.is_needed = False
        if not self.finished:
            self._end = 0
        self._open: dict[str, _Open] = {}
        self._is_begun = False

    def add(self, name: str, made: Made) -> None:
        """Write what was found of one array of a file."""
        file = self._open.setdefault(name, _Open())
        head = json.dumps({"file": name, "array": len(file.places)}).encode()
        line = b'%s, "audit": %s}\n' % (head[:-1], made.text)
        file.add(self._write(line), line, made.logits, made.sha256)

    def finish(self, name: str) -> None:
        """Close a file: from here on it counts, whatever happens."""
        done = self._open.pop(name)
        self._write(_line({"file": name, "done": len(done.places), "digest": _hex(done)}))
        os.fsync(self._file.fileno())
        self.finished[name] = done.finish()

    def drop(self, name: str) -> None:
        """Forget a file's lines that no line closed."""
        self._open.pop(name, None)
        self.finished.pop(name, None)

    def audits(self, names: Iterable[str]) -> Audits:
        """Give the audits of some files, in the files' order."""
        places = [place for name in names for place in self.finished[name].places]
        return Audits(self.path, places)

    def close(self) -> None:
        """Close the file; one that holds nothing is not left behind."""
        self._file.close()
        if self.path.exists() and not self.path.stat().st_size:
            self.remove()

    def remove(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)

    def _write(self, line: bytes) -> int:
        if not self._is_begun:
            self._is_begun = True
            self._file.truncate(self._end)
            if not self._end:
                self._append(_line(self._header))
        place = self._end
        self._append(line)
        return place

    def _append(self, line: bytes) -> None:
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise OptionError(f"{self.path}: cannot be written: {error.strerror}") from error
        self._end += len(line)


class Audits(Collection["Audit"]):
    """Audits that stand in a journal, read one after the other whenever they are gone through."""

    def __init__(self, path: Path, places: list[int]) -> None:
        self._path = path
        self._places = places

    def __iter__(self) -> Iterator[Audit]:
        """Read them, in order."""
        with self._path.open("rb") as file:
            for place in self._places:
                file.seek(place)
                yield audit_from_json(json.loads(file.readline())["audit"], self._path.name)

    def __len__(self) -> int:
        """Count them."""
        return len(self._places)

    def __contains__(self, audit: object) -> bool:
        """Look for one; each is read anew, so that none is ever the same."""
        return any(audit == other for other in self)


def _line(part: Mapping[str, Any]) -> bytes:
    return (json.dumps(part, ensure_ascii=True, allow_nan=False) + "\n").encode()


def _hex(done: _Open) -> str:
    return str(done.digest.hexdigest())


def _lock(file: IO[bytes], path: Path) -> None:
    """Refuse a journal that another run writes, where the system can tell."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise OptionError(
            f"{path}: another run writes this journal; name one with --journal"
        ) from None


def _read(file: IO[bytes], path: Path) -> tuple[Any, dict[str, Finished], int]:
    """Read a journal: what was asked, the files that are done, and where its sound part ends."""
    file.seek(0)
    finished: dict[str, Finished] = {}
    opened: dict[str, _Open] = {}
    header, end = None, 0
    for line in file:
        try:
            part: Any = json.loads(line) if line.endswith(b"\n") else None
            if header is None:
                header = {"journal": part["journal"], "asked": part["asked"]}
            elif "audit" in part:
                if part["array"] == 0:  # begun anew, after a run that did not close it
                    opened[part["file"]] = _Open()
                source = part["audit"]["source"]
                about = source["rows"] * source["columns"], source["sha256"]
                opened[part["file"]].add(end, line, *about)
            else:
                done = opened.pop(part["file"], _Open())
                finished.pop(part["file"], None)
                if (len(done.places), _hex(done)) == (part["done"], part["digest"]):
                    finished[part["file"]] = done.finish()
        except (ValueError, KeyError, TypeError):
            break
        end += len(line)
    file.seek(0)
    # A header that was being written is one; what else is there is somebody's.
    if header is None and not b'{"journal": '.startswith(file.read(12)):
        file.close()
        raise InputError(f"{path}: is there, and no journal; name another file with --journal")
    return header, finished, end
