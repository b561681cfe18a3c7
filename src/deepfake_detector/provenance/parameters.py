"""The formats in which picture generators write their parameters. Each parser gives details, or nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, TypeAlias

from .metadata import Metadata

Details: TypeAlias = dict[str, str]

_MOST_NODES = 2_000


def _json(text: str) -> dict[str, Any]:
    """A JSON object, or an empty one for anything else; damaged and hostile text alike."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _picked(values: Mapping[str, Any], **names: str) -> Details:
    """Plain values under the names that details have: ``prompt="positive_prompt"``."""
    return {
        name.replace("_", " "): str(values[key])
        for name, key in names.items()
        if isinstance(values.get(key), (str, int, float)) and values[key] != ""
    }


def _free_texts(metadata: Metadata) -> Iterator[str]:
    """Where generators put parameters that have no field of their own."""
    yield metadata.text("parameters")
    yield metadata.exif.get("UserComment", "")
    yield from metadata.values("exif:UserComment")
    yield metadata.text("Comment")
    yield metadata.exif.get("ImageDescription", "")
    yield from metadata.values("dc:description")
    yield metadata.text("Description")


_STEPS = re.compile(r"(?:^|\n)Steps: \d+, (?=[^\n]*(?:Sampler|Seed|CFG scale): )")


def _web_ui(metadata: Metadata) -> Details:
    return {} if metadata.text("fooocus_scheme") else _settings(metadata)


def _settings(metadata: Metadata) -> Details:
    for text in _free_texts(metadata):
        if match := _STEPS.search(text):
            prompt, _, negative = text[: match.start()].partition("\nNegative prompt: ")
            line = text[match.start() :].strip().partition("\n")[0]
            pairs = (part.partition(": ") for part in line.split(", "))
            settings = {key: value for key, separator, value in pairs if separator}
            wanted = ("Steps", "Sampler", "CFG scale", "Seed", "Size", "Model", "Model hash", "Version")
            return {"prompt": prompt, "negative prompt": negative, **{k: settings[k] for k in wanted if k in settings}}
    return {}


def _comfy_ui(metadata: Metadata) -> Details:
    graph = [node for text in _held(metadata, "prompt") for node in _objects(_json(text).values())]
    graph = [node for node in graph if isinstance(node.get("class_type"), str)]
    flows = map(_json, _held(metadata, "workflow"))
    drawn = [
        node for flow in flows if "links" in flow or "last_node_id" in flow for node in _objects(flow.get("nodes"))
    ]
    drawn = [node for node in drawn if "type" in node]
    inputs = _objects(node.get("inputs") for node in graph)

    def all_of(*names: str) -> str:
        found = [values[name] for values in inputs for name in names if isinstance(values.get(name), (str, int))]
        return "; ".join(dict.fromkeys(map(str, found)))

    if not graph and not drawn:
        return {}
    return {
        "prompt": all_of("text"),
        "model": all_of("ckpt_name", "unet_name"),
        "seed": all_of("seed", "noise_seed"),
        "steps": all_of("steps"),
        "nodes": str(len(graph) or len(drawn)),
    }


def _held(metadata: Metadata, name: str) -> Iterator[str]:
    """ComfyUI's JSON: a PNG text of that name, or in other formats an EXIF tag that begins with it and a colon."""
    yield metadata.text(name)
    for tag in ("Make", "Model", "ImageDescription", "UserComment"):
        label, _, text = metadata.exif.get(tag, "").partition(":")
        if label.lower() == name:
            yield text


def _objects(values: Any) -> list[dict[str, Any]]:
    """The JSON objects among some values, no more than _MOST_NODES."""
    if not isinstance(values, Iterable):
        return []
    return [value for value in islice(values, _MOST_NODES) if isinstance(value, dict)]


def _invoke_ai(metadata: Metadata) -> Details:
    values = _json(metadata.text("invokeai_metadata"))
    if values:
        model = values.get("model")
        names = _picked(model, model="name") or _picked(model, model="model_name") if isinstance(model, dict) else {}
        return {
            **_picked(values, prompt="positive_prompt", negative_prompt="negative_prompt", seed="seed", steps="steps"),
            **_picked(values, version="app_version", mode="generation_mode"),
            **names,
        } or {"fields": ", ".join(values)}
    old = _json(metadata.text("sd-metadata"))
    if old:
        image = old.get("image")
        image = image if isinstance(image, dict) else {}
        return {
            **_picked(old, model="model_weights", version="app_version"),
            **_picked(image, seed="seed", steps="steps"),
        }
    dream = metadata.text("Dream")
    return {"prompt": dream} if re.search(r" -(s|S|C|A) ?\S", dream) else {}


def _novel_ai(metadata: Metadata) -> Details:
    comment = _json(metadata.text("Comment")) or _json(metadata.exif.get("UserComment", ""))
    inner = _json(str(comment.get("Comment", "")))
    outer = comment if inner else {}
    software = metadata.text("Software") or str(outer.get("Software", ""))
    values = inner or comment
    if software != "NovelAI" and not {"uc", "sampler", "steps"} <= set(values):
        return {}
    return {
        "prompt": metadata.text("Description") or str(values.get("prompt") or outer.get("Description") or ""),
        "model": metadata.text("Source") or str(outer.get("Source", "")),
        **_picked(values, negative_prompt="uc", seed="seed", steps="steps", sampler="sampler"),
    }


_JOB = re.compile(r"Job ID: ([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b", re.IGNORECASE)


_OPTION = re.compile(r"(?:^|\s)--[a-z]")


def _midjourney(metadata: Metadata) -> Details:
    for text in _free_texts(metadata):
        if match := _JOB.search(text):
            prompt = text[: match.start()]
            # Printers and archives number jobs, too: only Midjourney's options, or its id said twice, tell it.
            if _OPTION.search(prompt) or match[1] in metadata.values("Iptc4xmpExt:DigImageGUID"):
                return {"prompt": prompt.strip(), "job": match[1]}
    return {}


def _swarm_ui(metadata: Metadata) -> Details:
    for text in _free_texts(metadata):
        values = _json(text).get("sui_image_params")
        if isinstance(values, dict):
            return _picked(
                values, prompt="prompt", negative_prompt="negativeprompt", model="model", seed="seed", steps="steps"
            ) or {"fields": ", ".join(values)}
    return {}


def _fooocus(metadata: Metadata) -> Details:
    scheme = metadata.text("fooocus_scheme")
    for text in _free_texts(metadata):
        values = _json(text)
        if {"base_model", "full_prompt"} <= set(values) or str(values.get("version", "")).startswith("Fooocus"):
            names = {"prompt": "prompt", "negative_prompt": "negative_prompt", "model": "base_model", "seed": "seed"}
            return _picked(values, **names, version="version")
    return {"scheme": scheme, **_settings(metadata)} if scheme else {}


def _draw_things(metadata: Metadata) -> Details:
    for text in metadata.values("exif:UserComment"):
        values = _json(text)
        if {"c", "sampler", "steps"} <= set(values):
            return _picked(values, prompt="c", negative_prompt="uc", model="model", seed="seed", steps="steps")
    return {}


def _easy_diffusion(metadata: Metadata) -> Details:
    values = dict(metadata.texts) | _json(metadata.exif.get("UserComment", ""))
    for model in ("use_stable_diffusion_model", "Stable Diffusion model"):
        if model in values:
            return _picked(values, model=model, prompt="prompt", seed="seed") or {"model": str(values[model])}
    return {}


def _aigc(metadata: Metadata) -> Details:
    for text in (metadata.text("AIGC"), *metadata.values("TC260:AIGC"), *_free_texts(metadata)):
        values = _json(text)
        inner = values.get("AIGC")
        values = inner if isinstance(inner, dict) else _json(inner) if isinstance(inner, str) else values
        # 1 is the producer's own word; 2 and 3 are a platform's, which takes the picture for possibly generated.
        if {"Label", "ContentProducer"} <= set(values) and str(values["Label"]) == "1":
            names = ("Label", "ContentProducer", "ProduceID", "ContentPropagator", "PropagateID")
            return {name: str(values[name]) for name in names if name in values}
    return {}


FORMATS: Mapping[str, Callable[[Metadata], Details]] = MappingProxyType(
    {
        "Stable Diffusion web UI (AUTOMATIC1111, Forge)": _web_ui,
        "ComfyUI": _comfy_ui,
        "InvokeAI": _invoke_ai,
        "NovelAI": _novel_ai,
        "Midjourney": _midjourney,
        "SwarmUI": _swarm_ui,
        "Fooocus": _fooocus,
        "Draw Things": _draw_things,
        "Easy Diffusion": _easy_diffusion,
        "China's label for generated content (GB 45438)": _aigc,
    }
)
"""By generator, its parser."""
