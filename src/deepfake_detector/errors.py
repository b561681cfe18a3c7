"""Everything this package raises on purpose.

    DeepfakeDetectorError
    ├── ImageError            a picture could not be used            .source names it
    │   ├── ImageNotFound     no such file, or no permission to read it
    │   ├── ImageUnreadable   not a picture, truncated, or of a format that is not supported
    │   ├── ImageTooLarge     more pixels than the limit; nothing was decoded
    │   └── ImageTooSmall     too few pixels to judge by
    ├── ModelError            a bundle could not be used
    │   ├── ModelNotFound     no such file, and no shipped bundle of that name
    │   └── ModelInvalid      not one of our bundles, damaged, or made for another version
    ├── DataError             labelled pictures are not as expected (also a ValueError)
    ├── ExplanationError      there is nothing an explanation could be made of
    ├── MissingExtra          an optional part is not installed (also an ImportError)
    └── OptionError           an argument is outside what is allowed (also a ValueError)

A failure is never a score: no function here returns a number for a picture it could not read.
"""

from __future__ import annotations

import operator


class DeepfakeDetectorError(Exception):
    """Base of all errors raised on purpose by this package."""


class ImageError(DeepfakeDetectorError):
    """A picture could not be used. ``source`` is the name it was given by, ``reason`` says why."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason

    def __reduce__(self) -> tuple[type[ImageError], tuple[str, str]]:
        """Errors cross process borders whole."""
        return type(self), (self.source, self.reason)


class ImageNotFound(ImageError):
    """There is no such file, or it may not be read."""


class ImageUnreadable(ImageError):
    """The bytes are not a picture that can be decoded whole."""


class ImageTooLarge(ImageError):
    """The picture has more pixels than the limit; it was not decoded."""


class ImageTooSmall(ImageError):
    """The picture has too few pixels for any score to mean something."""


class ModelError(DeepfakeDetectorError):
    """A model bundle could not be used."""


class ModelNotFound(ModelError):
    """There is no such bundle."""


class ModelInvalid(ModelError):
    """The file is not a bundle of this package, or it is damaged."""


class DataError(DeepfakeDetectorError, ValueError):
    """A manifest or a folder of labelled pictures is not as expected; the message says what was."""


class ExplanationError(DeepfakeDetectorError):
    """There is nothing that this explanation could be made of; the message says why, and what can be asked for."""


class MissingExtra(DeepfakeDetectorError, ImportError):
    """Something needs packages that the core install leaves out; the message has the line that installs them."""


class OptionError(DeepfakeDetectorError, ValueError):
    """An argument is outside what is allowed."""


def whole_number(name: str, value: object, least: int, most: int | None = None) -> int:
    """An option's value as an int. Raises OptionError where it is no whole number, or beyond its limits."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        limits = f"at least {least}" if most is None else f"{least} to {most}"
        raise OptionError(f"{name} must be a whole number, {limits}, got {value!r}")
    return number
