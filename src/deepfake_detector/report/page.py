"""A report as one HTML file: no scripts, nothing fetched, to be read on a screen or a phone, printed or sent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from .. import pages
from ..pages import escaped
from .blocks import Cell, Chapter, Facts, Figure, Points, Ruling, Section, Table, Words
from .case import Case
from .content import content

_STYLE = """
h2.picture { overflow-wrap: anywhere; }
.ruling { border: 1px solid var(--line); border-left: .5rem solid var(--soft); border-radius: .4rem;
  padding: .7rem 1rem; margin: .8rem 0; background: var(--ground); }
.ruling.real { border-left-color: var(--real); font-weight: 400; color: inherit; }
.ruling.fake { border-left-color: var(--fake); font-weight: 400; color: inherit; }
.ruling b { font-size: 1.5rem; line-height: 1.2; text-transform: capitalize; }
.ruling.real b { color: var(--real); } .ruling.fake b { color: var(--fake); }
.scale { display: block; width: 100%; max-width: 40rem; height: auto; margin-top: .6rem; }
.strong { font-weight: 600; }
p.warning { border-left: .25rem solid #9a6700; background: #fff8e5; padding: .4rem .7rem; }
figure { margin: .8rem 0; } figure img { max-width: 44rem; max-height: 40rem; width: auto; max-width: 100%; display: block; }
figcaption { margin-top: .3rem; max-width: 46rem; }
.key { white-space: nowrap; margin-right: 1rem; } .key svg { vertical-align: -.12em; margin-right: .35rem; }
.bar { display: inline-block; width: 5.5rem; height: .6rem; margin-left: .5rem; background: #e6eaee; vertical-align: 0; }
.bar i { display: block; height: 100%; background: var(--soft); }
.bar.fake i { background: #D55E00; } .bar.real i { background: var(--real); }
td { overflow-wrap: anywhere; } td.nowrap { white-space: nowrap; } td img { display: block; max-width: 3.2rem; }
.facts th, .facts td { text-align: left; } .facts th { background: none; color: var(--soft); white-space: nowrap; }
li { max-width: 46rem; margin: .25rem 0; } ul { padding-left: 1.2rem; }
@page { size: A4; margin: 16mm 15mm; }
@media print { section.chapter { break-before: page; } section.part { break-inside: avoid-page; } a { color: inherit; }
  figure img { max-height: 100mm; } .ruling { break-inside: avoid; } }
"""
