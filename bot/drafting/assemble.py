"""A drafted text from checked sentences: they take the place of the lines they rest on, and nothing gets lost. Pure.

Lines that were not put to the model stay where they were. Of those that were, safety and medication statements that no
sentence covers are put back in the template's words; any other that no sentence cites is listed further down, whole.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from skills.kit import DraftText, Evidence, Line, Passage, Prompt, Sentence
from skills.kit.words import count, one_line, plural

LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Assembled:
    text: DraftText
    words: int  # in the wanted passages, titles not counted


def assemble(
    template: DraftText, prompt: Prompt, kept: Sequence[Sentence], put_back: Collection[Evidence]
) -> Assembled:
    """`prompt` holds what was asked; `put_back` those of its evidence that stand as template lines."""
    cited = {each for sentence in kept for each in sentence.cites}
    omitted = [each.line for each in prompt.evidence if each.id not in cited and each not in put_back]
    wanted = {each.key for each in prompt.wanted}
    passages = [_worded(p, prompt, kept, put_back) if p.key in wanted else p for p in template.passages]
    words = sum(count(p.plain()) for p in passages if p.key in wanted)
    return Assembled(replace(template, passages=tuple(_with_rest(passages, omitted, prompt.rest))), words)


def _worded(passage: Passage, prompt: Prompt, kept: Sequence[Sentence], put_back: Collection[Evidence]) -> Passage:
    """The sentences stand where the first line stood that they replace."""
    mine = [each for each in prompt.evidence if each.passage == passage.key]
    told = [_line(prompt, each) for each in kept if each.passage == passage.key]
    back = [each.line for each in put_back]
    return replace(passage, lines=tuple(_lines(passage, [each.line for each in mine], told, back)))


def _lines(passage: Passage, asked: list[Line], told: list[Line], back: list[Line]) -> Iterator[Line]:
    said = False
    for line in passage.lines:
        if line in asked and not said:
            yield from told
            said = True
        if line not in asked or line in back:
            yield line


def _line(prompt: Prompt, sentence: Sentence) -> Line:
    """A fact that rests on every source of what it cites."""
    sources = [source for each in prompt.cited(sentence.cites) for source in each.line.sources]
    return Line(one_line(sentence.text), tuple(dict.fromkeys(sources)))


def _with_rest(passages: list[Passage], omitted: list[Line], behind: str | None) -> list[Passage]:
    if not omitted:
        return passages
    title = f"Not in the wording above ({plural(len(omitted), 'statement')})"
    rest = Passage(LEFT_OUT, title, tuple(omitted))
    place = next((number for number, p in enumerate(passages, start=1) if p.key == behind), len(passages))
    return [*passages[:place], rest, *passages[place:]]
