"""Progress on standard error, for work that takes more than a second: of one source, of a batch."""

from softaudit.cli.progress.batch import BatchProgress
from softaudit.cli.progress.listener import MODES, say
from softaudit.cli.progress.source import Progress
from softaudit.cli.progress.words import duration

__all__ = ["MODES", "BatchProgress", "Progress", "duration", "say"]
