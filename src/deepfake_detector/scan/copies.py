"""Copies of the fakes in one folder, for somebody to look through."""

from __future__ import annotations

import errno
import filecmp
import hashlib
import os
import shutil
from pathlib import Path

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
"""Of file systems that know no hard links."""


class Copies:
    """Copies files into one folder under their own names, flat.

    Nothing in the folder is ever overwritten: a file whose name is taken by another gets the start of its sha256 behind
    its name (``photo-1f3a90c2d4e5b687.jpg``). A file that is there already is not copied again, so the same files may
    be handed over once more after a kill. Only the last part of a path is used: nothing is written outside the folder.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._real = os.path.realpath(folder)

    def holds(self, path: str | os.PathLike[str]) -> bool:
        """Whether a path lies right in the folder: a later scan must not take the copies for pictures of their own."""
        try:
            return os.path.realpath(os.path.dirname(os.path.abspath(path))) == self._real  # noqa: PTH100, PTH120
        except ValueError:  # a name that no file can have
            return False

    def attempt(self, path: str) -> list[str]:
        """Copy one file, with its dates. A list of the reason why it could not be, empty where it could."""
        try:
            self._copy(path)
        except OSError as error:
            return [error.strerror or type(error).__name__]
        return []

    def _copy(self, path: str) -> None:
        taken = self.folder / Path(path).name
        if self._placed(path, taken):
            return
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        self._placed(path, self.folder / f"{taken.stem}-{digest}{taken.suffix}")  # what is there already is the same

    def _placed(self, path: str, target: Path) -> bool:
        """Whether the file lies under that name now, as it did before or copied; False where another one does."""
        if os.path.lexists(target):
            return target.is_file() and filecmp.cmp(path, target, shallow=False)
        # Named after the source: what a kill leaves half done, the next run does over.
        source = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()[:16]  # noqa: PTH100
        partial = self.folder / f".copying-{source}"
        partial.unlink(missing_ok=True)
        try:
            shutil.copy2(path, partial)
            os.link(partial, target)  # unlike a rename, never over what another scan has put there meanwhile
        except OSError as error:
            if os.path.lexists(target):
                return self._placed(path, target)
            if error.errno not in _NO_LINKS:
                raise
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
        return True
