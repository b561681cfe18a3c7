"""Imports run one way; the order stands in LAYERS, lowest first."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import deepfake_detector

ROOT = Path(deepfake_detector.__file__).parent
LAYERS = [
    {"errors", "lazy"},
    {"types", "extras", "files", "jpeg"},
    {"images", "pages"},
    {"faces"},
    {"models", "quality", "medium"},
    {"preprocessor", "ensemble"},
    {"detector"},
    {"evaluate", "explain", "provenance", "scan"},
    {"report"},
    {"web"},
    {"cli"},
]
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}
TRAIN_MAY_USE = {"errors", "types", "extras", "images", "faces", "models", "quality", "medium", "ensemble"}
TRAIN_MAY_USE_OF_EVALUATE = {"metrics", "manifest", "corruptions"}
HEAVY = {"torch", "sklearn", "scipy", "onnx", "matplotlib", "skimage", "tqdm"}
HEAVY |= {"pyarrow", "rich", "c2pa", "fpdf", "fastapi", "starlette", "uvicorn", "prometheus_client", "pydantic"}
EXTRA_ROOMS = {"evaluate", "explain", "provenance", "scan", "report"}


def room_of(path: Path) -> str:
    """The first name below the package."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> set[tuple[str, bool]]:
    """(absolute module, whether it is of this package) for every import of a file, lazy ones included."""
    found = set()
    package = ["deepfake_detector", *path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {(alias.name, False) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if not node.level:
                found.add((node.module or "", False))
                continue
            base = package[: len(package) - node.level + 1]
            module = [*base, *(node.module or "").split(".")] if node.module else base
            names = [alias.name for alias in node.names] if len(module) == 1 else [""]
            found |= {(".".join(filter(None, [*module, name])), True) for name in names}
    return found


def on_import(path: Path) -> set[str]:
    """Packages that importing the file imports: those named at its top level."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    modules = [alias.name for node in body if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module or "" for node in body if isinstance(node, ast.ImportFrom) and not node.level]
    return {module.split(".")[0] for module in modules}


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_run_one_way(path: Path) -> None:
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    for module, ours in imports(path):
        if not ours:
            continue
        other = module.split(".")[1] if "." in module else ""
        if other in ("", room, "__version__"):
            continue
        if room == "train" and other == "evaluate":
            assert module.split(".")[2] in TRAIN_MAY_USE_OF_EVALUATE, f"{path.name} imports {module}"
        elif room == "train":
            assert other in TRAIN_MAY_USE, f"{path.name} imports {module}"
        elif other == "train":
            assert room == "cli", f"{path.name} imports {module}: only the command line may"
        else:
            assert RANK[other] < RANK[room], f"{path.name} imports {module}: an arrow against the order"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_inference_never_needs_the_extras(path: Path) -> None:
    room = room_of(path)
    if room in EXTRA_ROOMS:
        assert not HEAVY & on_import(path), "inside the functions, after extras.require: the extra may be missing"
    elif room not in ("train", "web"):  # these two are imported by the command line alone, lazily
        assert not HEAVY & {module.split(".")[0] for module, _ in imports(path)}


def test_every_room_has_its_place() -> None:
    rooms = {room_of(path) for path in FILES} - {"__init__", "__main__", "train"}
    assert rooms == set(RANK)


@pytest.mark.parametrize("room", ["train", "web"])
def test_the_command_line_loads_training_and_the_service_only_when_asked(room: str) -> None:
    code = "import sys, deepfake_detector.cli.app; print([m for m in sys.modules if m.startswith(sys.argv[1])])"
    command = [sys.executable, "-c", code, f"deepfake_detector.{room}"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_only_images_decodes() -> None:
    for path in FILES:
        if room_of(path) not in ("images", "train"):
            assert "Image.open" not in path.read_text(encoding="utf-8"), path
