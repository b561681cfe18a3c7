"""How each voice of the heads is fitted: what there is to choose, what is taken by default, and what ships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..types import Family
from .discriminant import Discriminant


@dataclass(frozen=True)
class Care:
    """How one voice of a head is fitted, and put on a scale with the others.

    statistics: those it reads of the selection's. plain: how many times a view of an untouched picture counts, where a
    handled one counts once. handled_fakes: whether it hears handled fakes at all. trust: the loss counts so many times
    against the penalty. slope, offset: what the fitted logit is multiplied by and raised by. brief: what share of its
    weights comes from a fit stopped after ``heads.BRIEF`` steps. steady: how much half the mean square of the logit's
    difference between two views of one picture counts, where the loss of a view counts 1 in the mean. repainted:
    whether it hears ``View.of_networks``; all voices of a head do, or none. bent: what share of the fitted logit,
    0 to 1, is that of a small network (``networks.perceptron``) taught by the same views, as often as they count, and
    held as steady; trust and brief shape the rest. also: families whose fakes the network, and it alone, is taught as
    its own too. discriminant: what takes a share of all this, and hears the same views, but is shaped by none of trust,
    brief and steady. Raises ValueError for a share beyond 0 or 1.
    """

    statistics: tuple[str, ...]
    plain: float = 3.0
    handled_fakes: bool = True
    trust: float = 1.0
    slope: float = 1.0
    offset: float = 0.0
    brief: float = 0.0
    steady: float = 0.0
    repainted: bool = False
    bent: float = 0.0
    also: tuple[Family, ...] = ()
    discriminant: Discriminant | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.bent <= 1:
            raise ValueError(f"bent is a share, 0 to 1, not {self.bent}")

    @property
    def rest(self) -> float:
        """What multiplies all but the discriminant: the slope, and the share that it leaves."""
        return self.slope * (1 - (self.discriminant.share if self.discriminant else 0))


_MEANS = ("cls", "patch_mean")
_POOLED = (Care(_MEANS, steady=0.1),)
# A swap is a part that does not fit: how much patches differ, and the centre against the whole, tell of it. To the
# heads for whole pictures made by a generator they give known sources away, and unknown ones suffer.
_SWAP = (Care((*_MEANS, "patch_std", "centre_mean"), trust=3, steady=0.1),)
# With two generators in training, a third one is known best by handled and untouched views that count alike. Held
# steady, the first voice needs no brief fit. The second voice, held shorter, hears of fakes only untouched ones: what
# handling removes is fine, and tells of blended GAN faces too. Logits lie far below zero on real pictures; both are
# raised, else the other families' doubts would drown them, and steeper than the others', so that known GANs stand out.
_GAN = (
    Care(_MEANS, plain=1, slope=2, offset=1.75, steady=0.1),
    Care(_MEANS, plain=1, handled_fakes=False, trust=0.12, slope=1.5, offset=0.5, steady=0.03),
)
# Fitted in full, this head learns which sources hold no generated pictures, and calls all that resembles them real.
# The first steps go along what most pictures differ in, and know generated pictures of other sources better.
_GENERATED = (Care(_MEANS, brief=0.75, steady=0.03),)

Voices = Mapping[str, tuple[Care, ...]]
"""The voices of each of ``card.OUTPUTS``. A head with several says their log-sum-exp."""

CARE: Voices = {"pooled": _POOLED, "swap": _SWAP, "gan": _GAN, "generated": _GENERATED}
"""The voices of every head, chosen on left-out sources and on ``val`` (docs/experiments.md)."""
# With further copies of faces (``copies``) two sources bring most of the untouched views of swaps. Where these count
# more than handled ones, swaps of other sources suffer. Faces that networks repainted teach it swaps in video frames
# of sources it has not heard; all other heads, and those of whole pictures, know generated faces worse with them. A
# network that has a say knows more swaps of the sources it has heard, and of others no fewer; with a larger share the
# learned weights of the stack hardly lead the members' plain mean.
_OF_FACES = replace(_SWAP[0], plain=1, offset=0.2, repainted=True, bent=0.5)
# In the pooled head of whole pictures a network knows generated pictures of other sources better; of faces, worse.
_OF_WHOLE = replace(_POOLED[0], bent=0.8)
# The GAN heads gain most of all: with a network they doubt most real pictures of sources they have not heard less, and
# fakes of other families stand out more. The first voice is raised further than without one (below), by which they know
# GANs better, and GAN faces blended into pictures (OpenForensics) less; so with the second voice lowered.
_BENT_GAN = (replace(_GAN[0], bent=0.8), replace(_GAN[1], offset=-0.5))
# A network that hears generated pictures alone gives less of recent generators and of swaps than one that hears GAN
# faces with them (docs/experiments.md); either costs older generators, left out, a little.
_BENT_GENERATED = replace(_GENERATED[0], bent=0.3, also=("gan",))
# Discriminants know GANs of other sources better than regression and network together, where what authentic sources
# differ in is held for noise. Of generated pictures they know as much and something else, of swaps less, so these have
# none. In the pooled head of faces, and no worse in that for generated ones, real faces alone say how views scatter.
_OF_GANS = Discriminant(share=0.3, apart=10, ridge=0.05, sources=3)
_OF_GENERATED_WHOLE = Discriminant(share=0.3, apart=10, ridge=0.2, sources=3)
_OF_GENERATED_FACES = Discriminant(share=0.3, apart=10, ridge=0.02, of_reals=True)
SHIPPED: Mapping[str, Voices] = {
    "face": {
        "pooled": (replace(_POOLED[0], offset=0.2, discriminant=replace(_OF_GENERATED_FACES, share=0.5, apart=3)),),
        "swap": (_OF_FACES,),
        "gan": (replace(_BENT_GAN[0], offset=2.75, discriminant=replace(_OF_GANS, share=0.5)), _BENT_GAN[1]),
        "generated": (replace(_BENT_GENERATED, offset=0.6, discriminant=_OF_GENERATED_FACES),),
    },
    "scene": {
        "pooled": (replace(_OF_WHOLE, offset=0.4, discriminant=replace(_OF_GENERATED_WHOLE, apart=6)),),
        "swap": CARE["swap"],
        "gan": (replace(_BENT_GAN[0], offset=2.75, discriminant=_OF_GANS), _BENT_GAN[1]),
        "generated": (replace(_BENT_GENERATED, offset=0.5, discriminant=_OF_GENERATED_WHOLE),),
    },
}
"""The voices of the heads that ship, by region."""
