"""To whom what goes and what was left out, in words on every card: the minimum necessary made visible. Pure.

45 CFR 164.502(b), 164.514(d). The summary may stand in a channel, so it names parts of a chart and never what is in
them; that records of substance use were withheld is said in the detail alone (42 CFR 2.13).
"""

from collections.abc import Collection, Iterable
from typing import Final

from bot.privacy.consent import is_withheld
from bot.privacy.fields import Grant
from bot.privacy.templates import Cut, Template
from ehr_clients.models import Section
from skills.kit import Banner, Block, Text, Tone
from skills.kit.words import listed, plural

NEVER: Final = "Never included: psychotherapy notes and SUD counseling notes."  # 164.508(a)(2); 42 CFR 2.31(b)
HELD_BACK: Final = "Some records were left out by rule: see Review."
NO_CONSENT: Final = "Left out: records protected by 42 CFR Part 2, because no consent on file covers this use."
CARRIED: Final = "It holds records protected by 42 CFR Part 2: only whom the consent covers may read it."
_WORDS: Final = {Section.CLIENT: "who the client is", Section.PLAN: "treatment plan"}


def goes_to(reads: Collection[Section], stamp: str, receiver: str | None) -> Text:
    """For the summary: "Goes to: Daniel Osei, LPC (receiver) and the chart: 13 sections. Not included: ..."."""
    return Text(" ".join([_goes(reads, receiver), *([HELD_BACK] if is_withheld(stamp) else [])]))


def in_detail(reads: Collection[Section], stamp: str, receiver: str | None, *, carried: bool) -> tuple[Block, ...]:
    """The same for whoever reads it all: also the names of what goes, and what consent has to do with it.

    `carried`: the draft rests on protected records.
    """
    named = f"From the chart: {listed(_named(reads))}."
    part2 = NO_CONSENT if is_withheld(stamp) else CARRIED if carried else ""
    said = Text(" ".join([_goes(reads, receiver), named, NEVER]))
    return (said, *((Banner(Tone.INFO, part2),) if part2 else ()))


def _goes(reads: Collection[Section], receiver: str | None) -> str:
    to = f"{receiver} (receiver) and the chart" if receiver else "the chart"
    out = _named(section for section in Section if section not in reads)
    left = f" Not included: {listed(out)}." if out else ""
    return f"Goes to: {to}: {plural(len(reads), 'section')}.{left}"


def _named(sections: Iterable[Section]) -> list[str]:
    wanted = set(sections)
    return [_WORDS.get(each, each.value.replace("_", " ")) for each in Section if each in wanted]


def outside(template: Template, cut: Cut) -> Text:
    """For something that leaves: "The school gets these 4 fields: ... Not included: diagnosis, ..."."""
    if cut.refused:
        return Text(cut.refused)
    gets = plural(len(cut.sent), "field")
    out = f" Not included: {listed(cut.left_out)}." if cut.left_out else ""
    who = template.recipient[:1].upper() + template.recipient[1:]
    return Text(f"{who} gets these {gets}: {listed(list(cut.sent))}.{out}")


def limited(grant: Grant, left_out: int) -> Banner:
    """Above a detail of which this person may have a part."""
    classes = listed([each.value.replace("_", " ") for each in sorted(grant.classes)]) or "nothing"
    words = f"Your role shows you a part: {classes}. {plural(left_out, 'line')} not shown. You cannot decide here."
    return Banner(Tone.INFO, words)
