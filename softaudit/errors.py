"""The errors that softaudit raises: each is one line for a person, with what, where and what to do.

They are translated into an exit code once, in `softaudit.cli`.  Nothing else is caught there, so
that a fault of our own is never dressed up as a fault of the user's.
"""


class SoftauditError(Exception):
    """Say in one line what went wrong, where, and what to do about it."""


class InputError(SoftauditError):
    """A file, standard input or a literal that cannot be read as logits."""


class OptionError(SoftauditError):
    """An option, or a combination of options, that asks for something that does not exist."""


class UnjudgedError(SoftauditError):
    """Something that was to be judged could not be: which is neither a pass nor a failure."""


class UnansweredError(SoftauditError):
    """Somebody's implementation that answered in no cell: there is nothing to show."""


class PlatformError(SoftauditError):
    """A processor state in which no verdict could be trusted."""
