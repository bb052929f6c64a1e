"""A user's function, `package.module:function` or `path.py:function`.

It is called as `f(x)`: x an array of two axes in the cell's dtype, the class axis last, and what it
returns anything that NumPy takes for an array of the same shape, or of one number for every row
if logsumexp is asked.  Whether it computes softmax or another function only its user knows, so it
is taken for what `--function` says.
"""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from softaudit.errors import OptionError
from softaudit.formats import FORMATS
from softaudit.implementations.model import CPU, FUNCTIONS, Implementation, Loaded, Refused

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import ModuleType

SUFFIX = ".py"


def find_function(word: str, device: str = CPU) -> Implementation:
    """Find a user's function by its word, as far as that can be without running its module.

    Raises
    ------
    OptionError
        If the word is not one, the file or the module is not there, or a device is named.
    """
    place, attribute = _parts(word)
    if place.endswith(SUFFIX):
        if not Path(place).is_file():
            raise OptionError(f"{place}: no such file, where {attribute!r} was to be found")
    elif not _is_there(place):
        raise OptionError(f"no module {place!r} here or installed; of a file give its path, "
                          f"such as {place.rpartition('.')[2]}.py:{attribute}")  # fmt: skip
    if device != CPU:
        raise OptionError(f"{word} takes no device {device!r}: a function chooses its own")
    last = Path(place).stem if place.endswith(SUFFIX) else place.rpartition(".")[2]
    name = re.sub(r"[^\w.+-]", "_", f"{last}.{attribute}")
    return Implementation(name, word, CPU, FUNCTIONS, tuple(FORMATS))


def _parts(word: str) -> tuple[str, str]:
    """Split a word into a file or module and the function's name in it, which may have dots."""
    place, _, attribute = word.rpartition(":")
    named = all(part.isidentifier() for part in attribute.split("."))
    if place.endswith(SUFFIX) and named:
        return place, attribute
    if named and all(part.isidentifier() for part in place.split(".")):
        return place, attribute
    raise OptionError(f"{word!r} names no function: write package.module:function or "
                      "path.py:function")  # fmt: skip


def _is_there(module: str) -> bool:
    """Whether a module's top package is there; what lies within would have to be run to be told."""
    top = module.partition(".")[0]
    if PathFinder.find_spec(top, [str(Path.cwd())]):
        return True
    try:
        return find_spec(top) is not None
    except ValueError:  # of a module without a spec, as __main__ is
        return False


def load(word: str, theirs: AbstractContextManager[None]) -> Loaded:
    """Import a user's module, and find the function in it.

    Parameters
    ----------
    word : str
    theirs : context manager
        In which the user's code runs.

    Raises
    ------
    Refused
        If it is not there, or not to be called.
    """
    place, attribute = _parts(word)
    with theirs:
        module = _from_file(Path(place)) if place.endswith(SUFFIX) else _from_here(place)
    function = _within(module, Path(place).name, attribute)
    top = sys.modules.get(module.__name__.partition(".")[0], module)
    version = getattr(top, "__version__", None)
    said = version if isinstance(version, str) else None
    return Loaded(said, None, lambda _, x: function(x))


def renamed(word: str, error: BaseException) -> str:
    """Say how else to name a file that failed for want of its package; "" for other failures."""
    place, attribute = _parts(word)
    wants = isinstance(error, ImportError) and "no known parent package" in str(error)
    if not (wants and place.endswith(SUFFIX)):
        return ""
    path = Path(place).absolute()
    names, folder = [path.parent.name, path.stem], path.parent.parent
    while (folder / "__init__.py").is_file():
        names, folder = [folder.name, *names], folder.parent
    where = "" if folder == Path.cwd() else f", in the directory of {names[0]}"
    return f"; name it {'.'.join(names)}:{attribute}{where}"


def home(word: str) -> str:
    """Give the directory of a user's own files, once their import has begun; "" if it has none."""
    place = _parts(word)[0]
    if place.endswith(SUFFIX):
        return str(Path(place).absolute().parent)
    file = getattr(sys.modules.get(place.partition(".")[0]), "__file__", None)
    return str(Path(file).absolute().parent) if file else str(Path.cwd())


def _from_here(name: str) -> ModuleType:
    sys.path.insert(0, str(Path.cwd()))
    return import_module(name)


def _from_file(path: Path) -> ModuleType:
    path = path.absolute()
    sys.path.insert(0, str(path.parent))
    name = path.stem if path.stem not in sys.modules else f"{path.stem}_of_the_user"
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _within(module: ModuleType, called: str, attribute: str) -> Any:
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise Refused(f"is not in {called}{_nearest(part, found)}")
        found = getattr(found, part)
    if not callable(found):
        raise Refused(f"is no function, but of type {type(found).__name__}, in {called}")
    return found


def _nearest(name: str, found: Any) -> str:
    """Ask whether another name was meant, of something that can be called."""
    near = get_close_matches(name, [other for other in dir(found) if not other.startswith("_")])
    called = next((other for other in near if callable(getattr(found, other, None))), "")
    return called and f"; did you mean {called!r}?"
