"""A process that ends an implementation's with the judge, whatever that implementation is doing.

A thread within cannot do so while a library keeps the interpreter's lock, nor in a process that is
stopped.  The kernel's signal at a parent's death (PR_SET_PDEATHSIG) was rejected: it comes when the
*thread* that started a process ends, and spares what that process has started itself.
"""

from __future__ import annotations

import os
import select
import signal


def guard(questions: int, answers: int, parent: int) -> None:
    """Have this process and its group killed when the judge, or this process, is no more.

    To be called before anything is imported that starts threads.

    Parameters
    ----------
    questions, answers : int
        File descriptors of pipes, which the guard must not hold open.
    parent : int
        The judge.

    Notes
    -----
    Where the system has no descriptors of processes (pidfd_open, Linux 5.3) nothing is done.
    """
    try:
        watched = [os.pidfd_open(process) for process in (parent, os.getpid())]
    except ProcessLookupError:
        os._exit(0)
    except (AttributeError, OSError):
        return
    if os.getppid() != parent:  # it ended, and its number may be another's by now
        os._exit(0)
    _adopted(watched, (0, 1, 2, questions, answers))
    for descriptor in watched:
        os.close(descriptor)


def _adopted(watched: list[int], closed: tuple[int, ...]) -> None:
    """Start the guard as nobody's child here, since who waits for children would wait for it."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    if os.fork() == 0:
        for descriptor in closed:
            os.close(descriptor)
        _watch(watched)
    os._exit(0)


def _watch(watched: list[int]) -> None:
    ends = select.poll()
    for descriptor in watched:
        ends.register(descriptor, select.POLLIN)
    ends.poll()
    os.killpg(0, signal.SIGKILL)
