"""Ask somebody else's code, in a process of its own, and take its answer for what it is."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from softaudit.implementations import IMPLEMENTATIONS, check_timeout, framework
from softaudit.implementations.answered import remark, remarks_of, rounded_once, without_ours
from softaudit.implementations.messages import MOST_ITEM, Incoming, Junk, pack, pack_array
from softaudit.implementations.model import (
    LAYOUTS,
    TIMEOUT,
    About,
    Answer,
    Interrupted,
    Unanswered,
)
from softaudit.implementations.process import Ended, Late, Process
from softaudit.sources.opening import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.implementations.model import Implementation

_THREADS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NPROC",
)  # fmt: skip
"""Variables that libraries take their number of threads from; NPROC is XLA's."""


def _go_on() -> bool:
    return False


class Runner:
    """An implementation that can be asked, as a context manager.

    Its process is started at the first question, and again at the next one after it died or was
    killed; what cannot be started at all is not tried twice.  One thread may ask at a time.

    Parameters
    ----------
    implementation : Implementation
    timeout : float
        Seconds that an answer may take; that of the first one includes the start.
    threads : int, optional
        Threads that the implementation may use, as far as it can be told; its own choice if None.
    stopped : callable
        Asked while an answer is awaited; once it says True, one that takes longer is given up.

    Raises
    ------
    OptionError
        For a timeout that is no positive finite number.
    """

    def __init__(
        self,
        implementation: Implementation,
        *,
        timeout: float = TIMEOUT,
        threads: int | None = None,
        stopped: Callable[[], bool] = _go_on,
    ) -> None:
        self._stopped = stopped
        self.about: About | None = None
        self._implementation = implementation
        self._timeout = check_timeout(timeout)
        self._threads = threads
        self._process: Process | None = None
        self._never: Unanswered | None = None
        self._first: tuple[str, ...] = ()

    def __enter__(self) -> Runner:
        """Start nothing yet."""
        return self

    def __exit__(self, *failure: object) -> None:
        """End the process."""
        self.close()

    def ask(
        self, function: str, x: NDArray[Any], form: Format, layout: str = "contiguous"
    ) -> Answer:
        """Ask for a function of rows.

        Parameters
        ----------
        function : str
            `softmax`, `log_softmax` or `logsumexp`.
        x : ndarray of float64, shape (rows, columns)
            Numbers of the format.
        form : Format
            In whose dtype they are handed over, and judged.
        layout : str
            How they lie in memory: `contiguous`; `transposed`, the transpose of a contiguous array;
            `strided`, every second column of a wider one.

        Returns
        -------
        Answer

        Raises
        ------
        Unanswered
            If there is none, whatever the implementation did instead.
        """
        assert layout in LAYOUTS
        deadline = monotonic() + self._timeout
        process = self._started(deadline)
        question = {"kind": "ask", "function": function, "layout": layout}
        sent = pack_array(question, x.astype(form.dtype))
        incoming = Incoming(max(x.size, len(x)) * MOST_ITEM)
        self._exchange(process, sent, incoming, deadline)
        return self._answer(incoming, function, x.shape, form)

    def start(self) -> About:
        """Start the process, and give what it says of itself.

        Raises
        ------
        Unanswered
            If it does not start.
        """
        self._started(monotonic() + self._timeout)
        assert self.about is not None
        return self.about

    def close(self) -> None:
        """End the process, and what it has started; it starts again when it is asked again."""
        if self._process is not None:
            process, self._process = self._process, None
            process.end()

    def _started(self, deadline: float) -> Process:
        if self._never is not None:
            raise Unanswered(self._never.reason, self._never.detail)
        if self._process is not None and self._process.is_over():
            self.close()
        if self._process is None:
            self._process = self._begun()
            try:
                self._start(self._process, deadline)
            except Unanswered as unanswered:
                self.close()
                self._never = unanswered
                raise
        return self._process

    def _begun(self) -> Process:
        try:
            return Process(self._environment())
        except OSError as error:
            raise Unanswered(f"gets no process of its own: {error.strerror or error}") from error

    def _start(self, process: Process, deadline: float) -> None:
        named = self._implementation
        start = {"word": named.word, "device": named.device, "threads": self._threads}
        incoming = Incoming(0)
        self._exchange(process, pack(start), incoming, deadline, "does not start")
        self._check_kind(incoming, "started")
        device = printable(incoming.text("device"), 100) or None
        version = printable(incoming.text("version"), 100) or None
        self.about = About(named.name, named.word, version, device)
        # Frameworks have much to say of the machine; a user's own words are the user's.
        user = named.word not in IMPLEMENTATIONS
        self._first = remark("prints when it starts", bytes(process.printed)) if user else ()

    def _exchange(
        self,
        process: Process,
        sent: bytes,
        incoming: Incoming,
        deadline: float,
        late: str = "does not answer",
    ) -> None:
        """Send and receive; whatever goes wrong ends the process."""
        try:
            process.exchange(sent, incoming, deadline, self._stopped)
        except Late:
            self._kill()
            if self._stopped():
                raise Interrupted("was interrupted") from None
            seconds = f"{self._timeout:g} s"
            raise Unanswered(f"{late} within {seconds}; --timeout allows more") from None
        except Ended as ended:
            self._kill()
            raise Unanswered(str(ended), without_ours(bytes(process.printed))) from None
        except Junk:
            self._kill()
            raise _junk() from None
        except BaseException:
            self._kill()
            raise

    def _kill(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            process.end(at_once=True)

    def _answer(
        self, incoming: Incoming, function: str, shape: tuple[int, ...], form: Format
    ) -> Answer:
        self._check_kind(incoming, "answer")
        assert incoming.head is not None
        assert self._process is not None
        try:
            y = incoming.array()
            values, changed = rounded_once(y, form)
            wanted = (shape[0], 1) if function == "logsumexp" else shape
            if values.size != wanted[0] * wanted[1]:
                raise Junk
        except Junk:
            self._kill()
            raise _junk() from None
        remarks = remarks_of(incoming.head, y.dtype, form, changed=changed)
        printed = remark("prints", bytes(self._process.printed))
        return Answer(values.reshape(wanted), (*self._first, *remarks, *printed))

    def _check_kind(self, incoming: Incoming, kind: str) -> None:
        said = incoming.text("kind")
        if said == "failure":
            reason = printable(incoming.text("reason"), 500) or "says nothing of what failed"
            raise Unanswered(reason, incoming.text("detail"))
        if said != kind:
            self._kill()
            raise _junk()

    def _environment(self) -> dict[str, str]:
        name = self._implementation.word
        own = framework(name).environment if name in IMPLEMENTATIONS else {}
        if self._threads is None:
            return dict(own)
        return {**own, **dict.fromkeys(_THREADS, str(self._threads))}


def _junk() -> Unanswered:
    return Unanswered("writes where its process answers, and what came was no answer")
