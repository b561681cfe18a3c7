"""What a training run starts from: the members of a bundle, which of them are trained, and their heads as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import ModelInvalid, OptionError
from ..models.bundle import Bundle
from ..models.card import Card
from . import bundles, heads
from .features import CLIP_MEAN, CLIP_STD
from .views import NATIVE, SIDE

HEADS = ("clip-face", "clip-scene")
NETWORKS = ("conv", "residual")
"""Networks read faces and whole pictures with the same weights: each is two members."""


@dataclass(frozen=True)
class Start:
    """name: of the bundle to start from, with its version ("" without one). cards: all members of the result.

    graphs: as they are now; those of trained members are replaced. ensemble: of that bundle, None without one.
    heads: of the members whose heads are trained, None where they begin with nothing. networks: the ones to train.
    """

    name: str
    cards: tuple[Card, ...]
    graphs: Mapping[str, bytes]
    ensemble: Mapping[str, Any] | None
    heads: Mapping[str, heads.Heads | None]
    networks: tuple[str, ...]

    @property
    def encoder(self) -> bytes | None:
        """The graph that the trained heads read from; None where no heads are trained."""
        names = {card.encoder for card in self.cards if card.name in self.heads}
        return self.graphs[str(names.pop())] if names else None

    @property
    def trained(self) -> tuple[str, ...]:
        """Names of the members that are trained."""
        return tuple(card.name for card in self.cards if card.name in self.heads or _network(card) in self.networks)


def _network(card: Card) -> str:
    return card.name.rsplit("-", 1)[0]


def start(base: str | None, members: Sequence[str]) -> Start:
    """Begin from the bundle ``base``, or anew with None; ``members`` are trained (none named: heads, or everything).

    Raises OptionError, ModelNotFound or ModelInvalid.
    """
    return _from_base(base, members) if base is not None else _anew(members)


def _from_base(base: str, members: Sequence[str]) -> Start:
    bundle = Bundle.load(base)
    for card in bundle.cards:
        if card.side != {"resized": SIDE, "native": NATIVE}[card.sampling]:
            raise OptionError(
                f"{base}: member {card.name!r} reads {card.side} pixels; training makes views of {SIDE} (resized) and "
                f"{NATIVE} (native) only. Start from another bundle with --base."
            )
    able = [card for card in bundle.cards if card.encoder_output == "statistics"]
    networks = tuple(name for name in NETWORKS if any(_network(card) == name for card in bundle.cards))
    known = [card.name for card in able] + list(networks)
    wanted = list(members) or [card.name for card in able]
    if not wanted:
        raise OptionError(f"{base}: none of its members has heads on an encoder. Use --base default.")
    for name in wanted:
        if name not in known:
            raise OptionError(
                f"{base}: no member {name!r} that can be trained; there are {', '.join(known) or 'none'}."
            )
    cards, graphs, of_member = [], dict(bundle.graphs), {}
    for card in bundle.cards:
        if card in able and card.name in wanted:
            if (card.mean, card.std) != (CLIP_MEAN, CLIP_STD) or card.encoder != able[0].encoder:
                raise OptionError(f"{base}: the encoder of member {card.name!r} is not fed as CLIP is.")
            of_member[card.name] = heads.from_graph(card.graph, bundle.graphs[card.graph])
            own = sum(card.graph == other.graph for other in bundle.cards) == 1
            card = replace(card, graph=card.graph if own else f"{card.graph}-{card.name}")
        cards.append(card)
    chosen = tuple(name for name in networks if name in wanted)
    for name in chosen:
        graphs_of = {card.graph for card in cards if _network(card) == name}
        if graphs_of != {name} or any(card.graph == name and _network(card) != name for card in cards):
            raise ModelInvalid(f"{base}: the network {name!r} shares its graph with others and cannot be replaced.")
    return Start(f"{bundle.name} {bundle.version}", tuple(cards), graphs, bundle.ensemble, of_member, chosen)


def _anew(members: Sequence[str]) -> Start:
    wanted = tuple(members) or (*HEADS, *NETWORKS)
    for name in wanted:
        if name not in (*HEADS, *NETWORKS):
            raise OptionError(f"no member {name!r}; known are {', '.join((*HEADS, *NETWORKS))}.")
    cards = tuple(
        card
        for region in ("face", "scene")
        for card in bundles.cards(region)
        if card.name in wanted or _network(card) in wanted
    )
    if {card.region for card in cards} != {"face", "scene"}:
        raise OptionError("a bundle needs members for faces and for whole pictures: name more --members, or a --base.")
    graphs = {}
    if any(card.encoder for card in cards):
        graphs["clip-vit-b16"] = Bundle.load("default").graphs["clip-vit-b16"]
    networks = tuple(name for name in NETWORKS if name in wanted)
    return Start("", cards, graphs, None, {card.name: None for card in cards if card.encoder}, networks)
