"""A bundle: members, their cards, and everything that turns their logits into a verdict. Data only, no code.

Two forms of the same thing. Shipped: ``weights/<name>.json`` beside the ONNX files it names (bundles may share them).
Saved by a user: one ``.h5`` (HDF5) with that JSON as ``manifest`` and the graphs as uint8 arrays.
Every graph, and the manifest of an ``.h5``, is checked by sha256 on loading.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelInvalid, ModelNotFound, OptionError
from .card import Card

FORMAT, FORMAT_VERSION = "deepfake-detection bundle", 1
SHIPPED = ("default", "fast")


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle.

    name, version: shown in every result. cards: the members. ensemble: what ``ensemble.Ensemble.from_dict`` reads.
    about: data, figures and limits, for people. graphs: ONNX bytes by name.
    """

    name: str
    version: str
    cards: tuple[Card, ...]
    ensemble: Mapping[str, Any]
    about: Mapping[str, Any]
    graphs: Mapping[str, bytes]

    @classmethod
    def load(cls, model: str | os.PathLike[str] = "default") -> Bundle:
        """A shipped bundle by name, or an ``.h5`` file by path. Raises ModelNotFound, ModelInvalid or OptionError."""
        if not isinstance(model, (str, bytes, os.PathLike)):
            raise OptionError(f"model is a name or a path, not {model!r}; shipped are {', '.join(SHIPPED)}")
        name = os.fsdecode(model)
        if name in SHIPPED:
            return cls._shipped(name)
        if not os.path.isfile(name):  # noqa: PTH113  # says no, and raises nothing, to what no path can be
            raise ModelNotFound(
                f"{name}: no such model file, and no shipped bundle of that name ({', '.join(SHIPPED)})."
            )
        return cls._from_h5(Path(name))

    @classmethod
    def _shipped(cls, name: str) -> Bundle:
        folder = resources.files("deepfake_detector.models").joinpath("weights")
        manifest = json.loads(folder.joinpath(f"{name}.json").read_text(encoding="utf-8"))
        graphs = {key: folder.joinpath(f"{key}.onnx").read_bytes() for key in manifest["graphs"]}
        return cls._assemble(f"the shipped bundle {name!r}", manifest, graphs)

    @classmethod
    def _from_h5(cls, path: Path) -> Bundle:
        import h5py

        try:
            with h5py.File(path, "r") as file:
                if file.attrs.get("format") != FORMAT:
                    raise ModelInvalid(f"{path}: {_foreign(file)}")
                if int(file.attrs["format_version"]) > FORMAT_VERSION:
                    raise ModelInvalid(f"{path}: made by a newer deepfake-detection; update with pip install -U")
                text = bytes(file["manifest"][()].tobytes())
                if _sha256(text) != file.attrs["manifest_sha256"]:
                    raise ModelInvalid(f"{path}: damaged (the manifest does not match its sha256). Get the file again.")
                manifest = json.loads(text)
                graphs = {name: bytes(file["graphs"][name][()].tobytes()) for name in manifest["graphs"]}
        except (OSError, KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            why = "not an HDF5 file" if not h5py.is_hdf5(path) else f"damaged ({type(error).__name__}: {error})"
            raise ModelInvalid(f"{path}: {why}. Expected a file written by DeepfakeDetector.save_model.") from None
        return cls._assemble(str(path), manifest, graphs)

    @classmethod
    def _assemble(cls, where: str, manifest: Mapping[str, Any], graphs: dict[str, bytes]) -> Bundle:
        for name, data in graphs.items():
            if _sha256(data) != manifest["graphs"][name]:
                raise ModelInvalid(f"{where}: damaged (graph {name!r} does not match its sha256). Get the file again.")
        try:
            cards = tuple(Card.from_dict(card) for card in manifest["members"])
            return cls(manifest["name"], manifest["version"], cards, manifest["ensemble"], manifest["about"], graphs)
        except (KeyError, TypeError) as error:
            raise ModelInvalid(f"{where}: the manifest lacks {error}") from None

    def manifest(self) -> dict[str, Any]:
        """Everything but the graphs, as plain JSON types."""
        return {
            "name": self.name,
            "version": self.version,
            "members": [card.to_dict() for card in self.cards],
            "graphs": {name: _sha256(data) for name, data in sorted(self.graphs.items())},
            "ensemble": dict(self.ensemble),
            "about": dict(self.about),
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one self-contained ``.h5``. The file appears whole or not at all.

        Where the path is a link, what it leads to is written. Raises OptionError where there is no folder for it, where
        what is there is no file, and where it cannot be written.
        """
        import h5py

        try:
            target = Path(os.path.realpath(os.fsdecode(path)))
            fits = target.parent.is_dir() and (target.is_file() or not target.exists())
        except (OSError, TypeError, ValueError):  # too long, no path at all, a NUL in it
            fits = False
        shown = repr(os.fspath(path) if isinstance(path, os.PathLike) else path)
        if not fits:
            raise OptionError(f"{shown}: name a file to write, in a folder that is there")
        # Its own for each who writes: two at once would write into each other's.
        partial = target.with_name(f".{os.getpid()}-{threading.get_ident()}.partial")
        text = json.dumps(self.manifest(), sort_keys=True).encode()
        try:
            with h5py.File(partial, "w") as file:
                file.attrs["format"] = FORMAT
                file.attrs["format_version"] = FORMAT_VERSION
                file.attrs["manifest_sha256"] = _sha256(text)
                file["manifest"] = np.frombuffer(text, np.uint8)
                for name, data in self.graphs.items():
                    file[f"graphs/{name}"] = np.frombuffer(data, np.uint8)
            os.replace(partial, target)
        except OSError as error:
            raise OptionError(f"{shown}: cannot be written ({error})") from None
        finally:
            partial.unlink(missing_ok=True)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _foreign(file: Any) -> str:
    """What a file of somebody else's is, in words."""
    attributes = set(file.attrs)
    if "keras_version" in attributes or "model_weights" in file:
        return "a Keras model, which this package does not run. Expected a file written by DeepfakeDetector.save_model."
    return "an HDF5 file, but not a bundle of this package. Expected a file written by DeepfakeDetector.save_model."
