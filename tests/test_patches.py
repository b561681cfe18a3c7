"""The network on patch tokens: what is kept for it, what it is as a graph, and how a bundle and a map read it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fakes import bundle, card

from deepfake_detector.errors import ModelInvalid
from deepfake_detector.explain.tokens import Tokens
from deepfake_detector.faces.crop import Crop
from deepfake_detector.models.bundle import Bundle
from deepfake_detector.models.card import Card
from deepfake_detector.models.session import LEFT, Members
from deepfake_detector.train import patches, readings
from deepfake_detector.train.networks.patches import PatchNet
from deepfake_detector.types import Floats

BLOCKS = len(patches.OUTPUTS)


def tokens(views: int, seed: int = 0) -> Floats:
    """Channels of very different sizes, as an encoder's are."""
    rng = np.random.default_rng(seed)
    return (rng.normal(0, 1, (views, BLOCKS, 196, 768)) * rng.uniform(0.1, 30, 768)).astype(np.float32)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> patches.Kept:
    """Five views, in pieces of two and three."""
    folder = tmp_path_factory.mktemp("kept")
    patches.write(folder, 2, tokens(5)[2:])
    patches.write(folder, 0, tokens(5)[:2])
    return patches.Kept(folder)


def test_tokens_are_kept_to_a_fraction_of_their_channels_range(kept: patches.Kept) -> None:
    given = tokens(5)[[4, 1, 2]]
    found = patches.in_full(*kept.take([4, 1, 2]))
    reach = given.max(2, keepdims=True) - given.min(2, keepdims=True)
    assert (np.abs(found - given) / reach).max() < 0.003
    flat = np.full((1, BLOCKS, 196, 768), 7.25, np.float32)
    assert (patches.in_full(*patches.in_eight_bits(flat)) == flat).all()


@pytest.fixture(scope="module")
def network() -> PatchNet:
    """Random weights, all of them at work."""
    torch.manual_seed(0)
    built = PatchNet(np.zeros((BLOCKS, 768), np.float32), np.full((BLOCKS, 768), 10, np.float32), width=16)
    torch.nn.init.normal_(built.of_spread)
    return built


@pytest.fixture(scope="module")
def graph(network: PatchNet, kept: patches.Kept) -> bytes:
    """As it ships; exporting holds it against torch."""
    return readings.Patches(kept).export(network)


def member(graph: bytes) -> tuple[Card, Members]:
    """The network on the shipped encoder."""
    shipped = Bundle.load("default")
    clip = next(one for one in shipped.cards if one.encoder)
    ours = replace(clip, name="patches-face", graph="p", encoder_outputs=patches.OUTPUTS)
    return ours, Members([ours], {"p": graph, str(clip.encoder): shipped.graphs[str(clip.encoder)]})


def test_a_patch_without_weight_does_not_matter(graph: bytes) -> None:
    ours, members = member(graph)
    assert members.leaves_out(ours)
    values = tokens(1)
    given = [values[:, block] for block in range(BLOCKS)]
    whole = members.head(ours, given)
    left = np.ones((3, 196), np.float32)
    left[1, :100] = 0
    found = members.head(ours, given, left)
    assert found.shape == (3, 4)
    assert found[0] == pytest.approx(whole[0], abs=1e-4)
    assert (found[0] == found[2]).all()
    values[:, :, :100] += 100
    without = members.head(ours, [values[:, block] for block in range(BLOCKS)], left)
    assert without[1] == pytest.approx(found[1], abs=1e-2)
    assert np.abs(without[0] - found[0]).max() > 0.1


def test_a_map_tells_it_which_patches_a_box_covers(graph: bytes) -> None:
    ours, members = member(graph)
    values = tokens(1)
    outputs = {name: values[:, block] for block, name in enumerate(patches.OUTPUTS)}
    view = Tokens.read(Crop(0, 0, 140), outputs, ours.encoder_outputs)
    assert view is not None
    given, left = view.inputs([(0, 0, 140, 50), (200, 200, 300, 300)])
    assert left.reshape(2, 14, 14)[0, :, 3].tolist() == [0] * 5 + [1] * 9
    assert (left[1] == 1).all()
    covered, untouched = members.head(ours, given, left)
    assert untouched == pytest.approx(members.head(ours, given)[0], abs=1e-4)
    assert np.abs(covered - untouched).max() > 1e-3
    assert Tokens.read(Crop(0, 0, 140), {"statistics": values}, ("statistics",)) is None


def test_patches_are_left_out_while_it_learns(kept: patches.Kept, network: PatchNet) -> None:
    reading = readings.Patches(kept)
    *given, left = reading.batch(np.array([0, 1, 2, 3, 4] * 4), np.random.default_rng(0))
    assert [tuple(part.shape) for part in given] == [(20, 196, 768)] * BLOCKS
    gone = (left == 0).float().mean(1)
    assert (gone == 0).any()
    assert 0.3 < float(gone.max()) < 0.6
    assert (reading.batch(np.array([0, 1]))[-1] == 1).all()
    with torch.inference_mode():
        logits = network.eval()(*given, left)
    assert logits.shape == (20, 4)


def test_members_with_different_outputs_share_one_run_of_the_encoder(
    graph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The heads ask for the statistics, the network for tokens."""
    shipped = Bundle.load("default")
    clip = next(one for one in shipped.cards if one.encoder and one.region == "face")
    ours, _ = member(graph)
    two = Members([clip, ours], {**shipped.graphs, "p": graph})
    real, asked = two._sessions[str(clip.encoder)], []

    class Told:
        """The encoder's session; remembers what it was asked for."""

        get_inputs, get_outputs = real.get_inputs, real.get_outputs

        def run(self, names: list[str], feed: dict[str, Floats]) -> list[Floats]:
            asked.append(set(names))
            return list(real.run(names, feed))

    monkeypatch.setitem(two._sessions, str(clip.encoder), Told())
    pixels = np.random.default_rng(0).integers(0, 256, (224, 224, 3)).astype(np.uint8)
    logits = two.logits(pixels, Crop(0, 0, 224), "face")
    assert asked == [{"statistics", *patches.OUTPUTS}]
    assert two.logits(pixels, Crop(0, 0, 224), "face", {clip.name}) == {clip.name: pytest.approx(logits[clip.name])}
    assert asked[1] == {"statistics"}
    assert set(logits) == {clip.name, ours.name}


def test_a_card_must_name_all_that_its_graph_takes(graph: bytes) -> None:
    ours, _ = member(graph)
    shipped = Bundle.load("default").graphs[str(ours.encoder)]
    with pytest.raises(ModelInvalid, match="takes 3 inputs, the card names 2"):
        Members([replace(ours, encoder_outputs=patches.OUTPUTS[:2])], {"p": graph, str(ours.encoder): shipped})


def test_cards_of_the_first_format_are_read() -> None:
    new = card("c", "face", "g", encoder="e", encoder_outputs=("statistics",)).to_dict()
    old = {name: value for name, value in new.items() if name != "encoder_outputs"} | {"encoder_output": "statistics"}
    assert Card.from_dict(old) == Card.from_dict(new)
    without = bundle().cards[0].to_dict()
    del without["encoder_outputs"]
    assert Card.from_dict(without | {"encoder_output": None}) == bundle().cards[0]


def test_its_default_is_an_input_that_need_not_be_given(graph: bytes, tmp_path: Path) -> None:
    import onnxruntime as ort

    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == list(patches.OUTPUTS)
    assert [one.name for one in session.get_overridable_initializers()] == [LEFT]
