"""What a bundle that training started from may keep: weights of its members, scores the new pictures cannot teach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..ensemble.aggregate import evidence
from . import stack


def of(base: Mapping[str, Any] | None, situation: str, members: Sequence[str]) -> dict[str, float] | None:
    """The relative weights of ``members`` in the ``ensemble`` of another bundle, the largest being 1.

    None where there is no such bundle, or where its members' rows are not multiples of one another: it was not stacked
    as ``stack`` does, with one relative weight a member.
    """
    rows = {} if base is None or "picture" not in base else base["picture"][situation]["weights"]
    said = np.array([rows.get(member, np.zeros(len(stack.VERDICT))) for member in members], np.float64)
    if not said.size:
        return None
    leading = said[np.argmax(np.abs(said).max(axis=1))]
    if not leading.any():
        return None
    sizes = said @ leading / (leading @ leading)
    if sizes.min() < 0 or not np.allclose(said, sizes[:, None] * leading, rtol=1e-6, atol=1e-9):
        return None
    return dict(zip(members, (sizes / sizes.max()).tolist(), strict=True))


def choose(table: stack.Table, kinds: Sequence[str], known: Mapping[str, float] | None) -> dict[str, float]:
    """``stack.choose``, but ``known`` weights stay unless the best are better by more than a standard error.

    The rule is that of Breiman et al. 1984, with a bound of the error from the smaller class: on few pictures the best
    of a grid is mostly luck.
    """
    there = {name.split("-")[0] for name in table.members}
    found = stack.choose(table, [kind for kind in kinds if kind in there])
    if known is None:
        return found
    said = evidence(table.logits) @ stack.VERDICT  # (n, members)
    best, kept = (
        stack.quality(table, said @ np.array([relative[name] for name in table.members])) for relative in (found, known)
    )
    error = (kept * (1 - kept) / min(table.fake.sum(), (~table.fake).sum())) ** 0.5
    return found if best > kept + error else {name: known[name] for name in table.members}


def telling(table: stack.Table) -> stack.Table:
    """The rows whose family is known (reals have none); a fake of an unknown family speaks for or against none."""
    return table.where(np.asarray(~table.fake | (table.family != "")))


def has_family(table: stack.Table, family: str, least: int) -> bool:
    """Whether ``least`` new fakes of the family, and as many others, are there for ``stack.family_score``."""
    known = telling(table)
    of_family = known.family[known.fold == stack.VAL] == family
    return bool(min(of_family.sum(), (~of_family).sum()) >= least)
