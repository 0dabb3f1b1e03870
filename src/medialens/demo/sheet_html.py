"""The contact sheet as one HTML file: no scripts, no other files, light and dark, wide and narrow screens."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from medialens.demo.gathering import Medium
from medialens.demo.searching import Answer, Finding, Hit
from medialens.demo.summary import EXPLANATION, Summary

N_SHOWN = 5

_STYLE = """
:root { --page: #f4f5f7; --card: #fff; --text: #1b1f27; --soft: #667085; --line: #e2e5ea; --good: #12824c;
  --bad: #b3402a }
@media (prefers-color-scheme: dark) {
  :root { --page: #14161a; --card: #1e2127; --text: #e9ebef; --soft: #9aa3b2; --line: #333842; --good: #4cc38a;
    --bad: #f08a70 }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 78rem; background: var(--page); color: var(--text);
  font: 16px/1.45 system-ui, sans-serif }
h1 { margin: 0; font-size: 1.6rem }
h2 { margin: 2rem 0 .6rem; font-size: 1.15rem }
p { margin: .4rem 0; color: var(--soft) }
article { margin: .8rem 0; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .7rem }
header { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: center; margin-bottom: .5rem }
h3 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere }
.number { color: var(--soft); font-variant-numeric: tabular-nums }
.verdict { margin-left: auto; font-size: .85rem }
.good { color: var(--good) }
.bad { color: var(--bad) }
.soft { color: var(--soft) }
.frameworks { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: .4rem 2rem }
h4 { margin: .3rem 0; font-size: .85rem; font-weight: 600 }
.strip { display: flex; flex-wrap: wrap; gap: .1rem .5rem; margin-bottom: .5rem; align-items: flex-start }
.stage { flex: 0 0 4.6rem; padding-top: 1.4rem; font-size: .78rem; color: var(--soft) }
@media (max-width: 34rem) { .stage { flex-basis: 100%; padding: 0 } }
ol { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: .4rem; flex: 1; margin: 0; padding: 0;
  list-style: none }
li { min-width: 0; font-size: .72rem; text-align: center; color: var(--soft) }
.name { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.pic { display: block; aspect-ratio: 1; margin-bottom: .15rem; border: 2px solid var(--line); border-radius: .4rem;
  background: #fff center / contain no-repeat }
.right .pic { border-color: var(--good); box-shadow: 0 0 0 1px var(--good) }
.asked { width: 4rem }
ul { margin: .3rem 0; padding-left: 1.2rem; color: var(--soft); overflow-wrap: anywhere }
"""


def write_html(path: Path, findings: Sequence[Finding], media: Sequence[Medium], summary: Summary) -> None:
    """Writes the sheet.

    Args:
        path: The file to write.
        findings: In the order to show them.
        media: Every file that may occur among the hits or as a question, with its thumbnail.
        summary: The counts and sentences on top.
    """
    classes = {medium.path: f"p{index}" for index, medium in enumerate(media)}
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>medialens contact sheet</title><style>{_STYLE}{_rules(media, classes)}</style>",
        "</head><body>",
        "<h1>medialens contact sheet</h1>",
        *(f"<p>{escape(line)}</p>" for line in summary.lines),
        f"<p>{EXPLANATION}</p>",
        *_cards("Asked in words", [one for one in findings if not one.question.example], classes),
        *_cards("Asked with a picture or clip", [one for one in findings if one.question.example], classes),
        *_skipped(summary.skipped),
        "</body></html>",
    ]
    path.write_text("\n".join(parts), encoding="utf-8")


def _rules(media: Sequence[Medium], classes: Mapping[Path, str]) -> str:
    """Each thumbnail once, as a background, however often it is shown; clips move, where the reader likes that."""
    still = [_rule(classes[one.path], "png", one.thumbnail.still) for one in media]
    moving = [_rule(classes[one.path], "gif", one.thumbnail.moving) for one in media if one.thumbnail.moving]
    return "\n".join([*still, "@media (prefers-reduced-motion: no-preference) {", *moving, "}"])


def _rule(name: str, kind: str, data: bytes) -> str:
    return f".{name} {{ background-image: url(data:image/{kind};base64,{base64.b64encode(data).decode()}) }}"


def _cards(title: str, findings: Sequence[Finding], classes: Mapping[Path, str]) -> list[str]:
    if not findings:
        return []
    cards = [_card(number, finding, classes) for number, finding in enumerate(findings, start=1)]
    return [f"<h2>{escape(title)}</h2>", *cards]


def _card(number: int, finding: Finding, classes: Mapping[Path, str]) -> str:
    question = finding.question
    asked = _image(question.example, classes, extra=" asked") if question.example else ""
    answers = "".join(_framework(name, answer, finding, classes) for name, answer in finding.answers.items())
    return (
        f'<article><header><span class="number">{number}</span>{asked}<h3>{escape(question.text)}</h3>'
        f'<span class="verdict">{_verdict(finding)}</span></header><div class="frameworks">{answers}</div></article>'
    )


def _verdict(finding: Finding) -> str:
    agree = "frameworks agree" if finding.agree else '<span class="bad">frameworks differ</span>'
    if finding.question.answer is None:
        return f'<span class="soft">{agree}</span>'
    first = '<b class="good">right first</b>' if finding.right else '<b class="bad">not first</b>'
    return f'{first} <span class="soft">· {agree}</span>'


def _framework(name: str, answer: Answer, finding: Finding, classes: Mapping[Path, str]) -> str:
    stages = (("retrieved", answer.retrieved), ("reranked", answer.reranked))
    strips = "".join(
        f'<div class="strip"><span class="stage">{stage}</span><ol>'
        f"{''.join(_hit(hit, finding, classes) for hit in hits[:N_SHOWN])}</ol></div>"
        for stage, hits in stages
    )
    return f"<section><h4>{escape(name)}</h4>{strips}</section>"


def _hit(hit: Hit, finding: Finding, classes: Mapping[Path, str]) -> str:
    mark = ' class="right"' if hit.path == finding.question.answer else ""
    name = escape(hit.path.name)
    return f'<li{mark} title="{name}">{_image(hit.path, classes)}{hit.score:.3f}<span class="name">{name}</span></li>'


def _image(path: Path, classes: Mapping[Path, str], *, extra: str = "") -> str:
    return f'<span class="pic {classes[path]}{extra}" role="img" aria-label="{escape(path.name)}"></span>'


def _skipped(skipped: Mapping[Path, str]) -> list[str]:
    if not skipped:
        return []
    rows = "".join(f"<li><b>{escape(path.name)}</b>: {escape(reason)}</li>" for path, reason in skipped.items())
    return [f"<h2>Skipped</h2><ul>{rows}</ul>"]
