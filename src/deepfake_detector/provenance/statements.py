"""What a verified C2PA manifest store says, in words. Takes the JSON of c2pa-python's ``Reader``; see ``manifests``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .base import NAME, Finding, Origin, shown
from .sources import meaning

_NOT_EDITS = {"created", "opened", "published", "transcoded", "repackaged", "converted", "unknown"}
_CHANGED = {"assertion.dataHash.mismatch", "assertion.bmffHash.mismatch", "assertion.boxesHash.mismatch"}
"""Codes of the C2PA specification for bytes of the picture that differ from those signed."""


def finding(store: Mapping[str, Any], listed: bool) -> Finding:
    """The finding of a manifest store. listed: whether there was a list of trusted authorities to check against."""
    manifests = _object(store.get("manifests"))
    active = _object(manifests.get(str(store.get("active_manifest"))))
    broken = _broken(manifests)
    earlier = _objects([value for label, value in manifests.items() if value is not active and label not in broken])
    actions, before = list(_actions(active)), [action for value in earlier for action in _actions(value)]
    failures = _codes(store.get("validation_status"))
    details = {**_details(active, actions, store), "ingredients": str(len(_objects(active.get("ingredients"))))}
    if broken:
        details["ingredients that do not hold"] = f"{len(broken)}, and nothing that they state is relied on"
    if any(action.get("digitalSourceType") for action in before):
        details["ingredients' sources"] = shown("; ".join(_sources(before)))
    if store.get("validation_state") not in ("Valid", "Trusted"):
        return _invalid(failures, details)
    if store["validation_state"] == "Trusted":
        trust, known = "trusted: by an authority on the list given", "known to be trusted"
        name = "The signer is who the certificate names as far as its authority is to be believed"
    else:
        trust = (
            "not trusted: by no authority on the list given" if listed else "unknown: no list of authorities was given"
        )
        known = "not known to be trusted"
        name = "The name proves nothing, as anyone can make a certificate in any name"
    return Finding(
        kind="c2pa",
        origin=_origin([*actions, *before]),
        says=f"A C2PA manifest with a valid signature by {_signer(active)}, {known}{_declared(actions, before)}.",
        proves="The signed parts of the file are as they were, and whoever holds the key made these statements.",
        limits=f"{name}; whether the statements are true rests on the signer, and it was not asked whether the "
        "certificate has been revoked.",
        details={"state": "valid", "trust": trust, **details},
    )


def _broken(manifests: Mapping[str, Any]) -> set[str]:
    """Labels of manifests of ingredients that were invalid when the picture was made of them, and of theirs.

    That a signer is not on a list of authorities breaks nothing: it is told of the picture's own signer alone.
    """
    made_of: dict[str, set[str]] = {}
    broken = set()
    for label, manifest in manifests.items():
        for ingredient in _objects(_object(manifest).get("ingredients")):
            inner = str(ingredient.get("active_manifest"))
            made_of.setdefault(label, set()).add(inner)
            results = _object(_object(ingredient.get("validation_results")).get("activeManifest"))
            failures = {*_codes(results.get("failure")), *_codes(ingredient.get("validation_status"))}
            if failures - {"signingCredential.untrusted"}:
                broken.add(inner)
    reached = list(broken)
    while reached:
        further = made_of.get(reached.pop(), set()) - broken
        broken |= further
        reached += further
    return broken & set(manifests)


def _invalid(failures: list[str], details: Mapping[str, str]) -> Finding:
    changed = bool(_CHANGED & set(failures))
    why = "the file was changed after it was signed" if changed else "its signature or content does not hold"
    return Finding(
        kind="c2pa",
        origin="unknown",
        says=f"A C2PA manifest that is invalid: {why}.",
        proves="The manifest does not vouch for this file as it is; nothing that it states can be relied on."
        if changed
        else "The manifest is damaged, forged or against the rules; nothing that it states can be relied on.",
        limits="It does not say what was changed or why: any program that saves without knowing C2PA breaks it, too.",
        details={"state": "invalid", "failures": shown(", ".join(dict.fromkeys(failures))), **details},
    )


def _details(active: Mapping[str, Any], actions: list[Mapping[str, Any]], store: Mapping[str, Any]) -> dict[str, str]:
    signature = _object(active.get("signature_info"))
    generators = [
        f"{one.get('name', '')} {one.get('version', '')}" for one in _objects(active.get("claim_generator_info"))
    ]
    results = _object(_object(store.get("validation_results")).get("activeManifest"))
    checked = "timeStamp.trusted" in _codes(results.get("success"))
    excluded = any(code.endswith("additionalExclusionsPresent") for code in _codes(results.get("informational")))
    time = signature.get("time")
    values = {
        "signer": signature.get("common_name"),
        "issuer": signature.get("issuer"),
        "signed at": f"{time}{'' if checked else ', by an authority that was not checked'}"
        if time
        else "no time stamp",
        "claim generator": "; ".join(generators) or active.get("claim_generator"),
        "title": active.get("title"),
        "actions": "; ".join(map(_told, actions)),
        "sources": "; ".join(_sources(actions)),
        "not signed": "parts of the file besides the manifest" if excluded else None,
    }
    return {name: shown(value) for name, value in values.items() if value}


def _signer(active: Mapping[str, Any]) -> str:
    signature = _object(active.get("signature_info"))
    names = [shown(signature[key], NAME) for key in ("common_name", "issuer") if signature.get(key)]
    return " of ".join(names) or "an unnamed signer"


def _declared(actions: list[Mapping[str, Any]], before: list[Mapping[str, Any]]) -> str:
    """The strongest statement on how the picture came to be: generated before edited before taken by a camera, and
    the picture's own before those of its ingredients.
    """
    for wanted in ("ai", "edited", "camera", "unknown"):
        for whose, stated in (("the picture", actions), ("an ingredient of the picture", before)):
            for origin, words in map(meaning, _sources(stated)):
                if origin == wanted:
                    return f"; it states that {whose} is {words}"
    return ""


def _origin(actions: list[Mapping[str, Any]]) -> Origin:
    origins = {meaning(uri)[0] for uri in _sources(actions)}
    edited = any(str(action.get("action", "")).rpartition(".")[2] not in _NOT_EDITS for action in actions)
    if "ai" in origins:
        return "ai"
    if edited or "edited" in origins:
        return "edited"
    return "camera" if "camera" in origins else "unknown"


def _told(action: Mapping[str, Any]) -> str:
    agent = action.get("softwareAgent")
    name = agent.get("name") if isinstance(agent, dict) else agent
    return f"{action.get('action', '')}{f' ({name})' if name else ''}"


def _sources(actions: list[Mapping[str, Any]]) -> list[str]:
    return list(
        dict.fromkeys(str(action["digitalSourceType"]) for action in actions if action.get("digitalSourceType"))
    )


def _actions(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for assertion in _objects(manifest.get("assertions")):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            yield from _objects(_object(assertion.get("data")).get("actions"))


def _codes(statuses: Any) -> list[str]:
    return [str(status.get("code")) for status in _objects(statuses)]


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(values: Any) -> list[Mapping[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, Iterable) else []
