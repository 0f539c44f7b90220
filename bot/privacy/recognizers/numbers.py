"""Numbers and addresses of machines that belong to one person: telephone, record, plan, card, plate, e-mail, web, IP."""

import re
from collections.abc import Iterator
from typing import Final

from bot.privacy.recognizers import lists
from bot.privacy.recognizers.shapes import FIGURE, MIXED, SHOUT, Starts, shape
from bot.privacy.recognizers.spans import SHAPE, Found, Kind

_TOP: Final = r"(?:com|org|net|edu|gov|mil|int|io|info|biz|co|me|us|uk|ca|de|fr|it|es|nl|se|no|fi|dk|pl|cz|hu|ru|ua|at|ch|be|pt|gr|tr|jp|cn|in|br|mx|au|nz|za|eu|ie|il|kr|sg|hk|tw|tv|app|dev|health|care|clinic|online|site|xyz|name)"
_MAIL: Final = r"[\w.+%'&/=!#$*?^{|}~-]*[\w+%-]@[\w-]+(?:\.[\w-]+)*"
_LABEL: Final = (
    r"(?:mrns?|medical record|record|chart|ssn|ss|social security|social|medicaid|medicare|insurance|ins|policy|plan|member(?:ship)?|subscriber"
    r"|beneficiary|group|claim|auth(?:orization)?|acct|account|invoice|card|cc|credit card|license|licence|lic|certificate|cert|dea|npi|vin"
    r"|plate|tag|serial|s/n|device|imei|udi|model|implant|pacemaker|docket|case|file|badge|passport|id|identifier|identification|tracking|encounter"
    r"|accession|specimen|order|rx|reference|ref|confirmation|ticket|permit|inmate|booking|dl|driver'?s licen[sc]e|registration"
    r"|tax|ein|itin|iban|routing|locker|room|voucher|patient|client|pt|health card|nhs|hicn|mbi|study|subject|vehicle|fingerprint|template|handle|user(?:name)?|login)"
)
_VALUE: Final = r"(?=[\w./-]*\d)[A-Za-z0-9]+(?:[./-][A-Za-z0-9]+)*"
_DIGIT_WORD: Final = r"(?:zero|oh|o|one|two|three|four|five|six|seven|eight|nine|double|triple)"
_EXT: Final = r"(?:\s*(?:,\s*)?(?:ext?|extension|x)\.?\s*\d{1,6})?"

_SHAPES: Final = tuple(
    (kind, shape(begins, pattern))
    for kind, begins, pattern in (
        (Kind.ID, "plate plates tag vin registration", r"\b(?:(?:license )?plates?|tag|vin|registration)\b\.?(?:\s*(?:[:#=]|\bis\b|\bnumber\b|\bno\b\.?))*\s*#?((?=[A-Z0-9 -]*\d)[A-Z0-9]{1,8}(?:[ -][A-Z0-9]{1,8})?)\b(?!\s*(?:mg|mcg|ml|units?)\b)"),
        (Kind.IP, {FIGURE}, r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\w.]\d)"),
        (Kind.ID, {FIGURE}, r"(?<![\w-])\d{3}[-\s.]\d{2}[-\s.]\d{4}(?![\w-])"),
        (Kind.PHONE, {FIGURE}, rf"(?<![\w.])(?:\+?1[\s.-]*)?(?:\(?\d{{3}}\s?\)|\d{{3}})[\s./-]*\d{{3}}[\s.-]*\d{{4}}(?!\d){_EXT}"),
        (Kind.PHONE, {FIGURE}, rf"(?:(?<=\+)|(?<=\+\())\d{{1,3}}\)?[\s.()-]*\d(?:[\s.()/-]{{0,3}}\d){{5,13}}{_EXT}"),
        (Kind.PHONE, {FIGURE}, rf"(?<![\w./-])0\)?\s?\d{{1,4}}\)?(?:[\s./()-]{{1,3}}\d{{2,8}}){{1,5}}{_EXT}"),
        (Kind.PHONE, {FIGURE}, rf"(?<![\w./-])\d{{3}}[-.]\d{{4}}(?![\w-]){_EXT}"),
        (Kind.PHONE, "phone tel telephone cell mobile fax call text pager ph number reach reached", r"(?:\b(?:phone|tel|telephone|cell|mobile|fax|call(?: me)?|text|pager|ph|number is|reach(?:ed)?)\b[^\d\n]{0,24}\s?)(\(?\d(?:[ .()/-]{0,3}\d){5,14})"),
        (Kind.PHONE, {FIGURE}, r"(?<![\w./,-])\d{1,4}(?:[ .-]\d{2,4}){2,5}(?![\w/%]|[.,]\d|\s*(?:mg|mcg|ml))"),
        (Kind.PHONE, {FIGURE}, r"(?<![\w./,-])(?:\d{3} \d{4}|\d{2,4} \d{6,8})(?![\w/%-]|[.,]\d|\s*(?:mg|mcg|ml|units|kcal|steps))"),
        (Kind.ID, {"last"}, r"\blast (?:four|4)(?: digits?)?(?: of)?(?: (?:the |his |her )?(?:ssn|social|card|account))?(?: is| are)?[\s:#]*(\d{4})\b"),
        (Kind.ID, "patient case medicare medicaid member insurance", r"\b(?:patient|case|medicare|medicaid|member|insurance)\s*(?:#|id\b:?)\s*#?\s*(?=[\w-]*\d{3})[\w-]+"),
        (Kind.PHONE, "zero oh o one two three four five six seven eight nine double triple", rf"\b{_DIGIT_WORD}(?:[\s,.-]+{_DIGIT_WORD}){{6,}}\b"),
        (Kind.PHONE, {FIGURE}, r"\b(?:1[\s.-]?)?8(?:00|33|44|55|66|77|88)[\s.-][\dA-Z]{3}[\s.-]?[\dA-Z]{4}\b"),
        (Kind.ID, {FIGURE}, r"(?<![\w.])\d{4}(?:[\s-]\d{4}){2,3}(?:[\s-]\d{1,4})?(?![\w-])|(?<!\w)\d{4}[\s-]\d{6}[\s-]\d{5}(?!\w)"),
        (Kind.ID, {MIXED}, r"(?<!\w)[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){2,8}(?:\s?[A-Z0-9]{1,4})?(?!\w)"),
        (Kind.ID, {FIGURE, SHOUT}, r"(?<![\w-])(?=[\w-]*\d)(?:[A-Z]{3}[\s-]\d{3,4}|\d{1,3}[\s-][A-Z]{3}|\d[A-Z]{3}\d{3})(?![\w-])(?<!mg)(?<!min)"),
    )
)  # fmt: skip
# Looked for in the whole text, where one of these marks is in it at all.
_RARE: Final = tuple(
    (kind, marks, re.compile(pattern, re.IGNORECASE))
    for kind, marks, pattern in (
        (Kind.EMAIL, ("@",), _MAIL),
        (Kind.EMAIL, (" dot ", "(dot)", "[dot]", "(at)", "[at]", " at "), rf"\b[\w.+-]+\s*(?:\(at\)|\[at\]|\sat\s)\s*[\w-]+\s*(?:\(dot\)|\[dot\]|\sdot\s|\.)\s*{_TOP}\b"),
        (Kind.URL, ("://", "www."), r"\b(?:https?|ftp|sftp|file)://[^\s<>\"]+|\bwww\.[^\s<>\"]+"),
        (Kind.URL, (".",), rf"(?<![\w@.-])[a-z0-9][\w-]*(?:\.[\w-]+)*\.{_TOP}(?:\.[a-z]{{2}})?\b(?:/[^\s<>\"]*)?(?!\.\w)"),
        (Kind.IP, (":",), r"(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4})?(?:::?[0-9a-f]{1,4})*(?![\w:])|(?<![\w:])::1\b"),
        (Kind.ID, (":", "-"), r"(?<!\w)(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b"),
        (Kind.ID, (".",), r"(?<![\w/])(?:[\w.-]*[\w-])\.(?:pdf|docx?|xlsx?|csv|txt|rtf|jpe?g|png|gif|tiff?|heic|mp[34]|wav|m4a|mov|zip|eml|msg|dcm)\b"),
        (Kind.ID, ("plate", "vin", "VIN", "tag", "registration"), r"\b(?:[Pp]lates?|[Vv]in|VIN|[Tt]ag|[Rr]egistration)(?: (?:no\.?|number|is))?[:# ]+[A-Za-z]{1,4}[ -]?\d{2,5}[A-Za-z]{0,3}\b"),
        (Kind.ID, ("@",), r"(?<![\w@.])@[A-Za-z_][\w.]{2,}"),
    )
)  # fmt: skip
_LABELLED: Final = shape(
    re.findall(r"[a-z]+", _LABEL),
    rf"\b{_LABEL}(?:\s+(?:id|number|no|num|code|key|card|policy|record|member|account|plate|group))*\b\.?"
    rf"(?:\s*(?:[:#=(-]|\bis\b|\bof\b|\bending(?:\s+in)?\b|\bno\b\.?|\bnumber\b|\bnum\b\.?|\bwith\b)\s*)*\s*#?\s*({_VALUE})",
    re.IGNORECASE,
)
_HASHED: Final = re.compile(rf"#\s?({_VALUE})")
_MIXED: Final = re.compile(r"(?<![\w.])[A-Za-z0-9]+(?:[-/_.][A-Za-z0-9]+)*")
_DOSE: Final = re.compile(
    r"^\d{1,5}(?:[.,/-]\d{1,4})*(?:mg|mcg|ug|g|kg|ml|dl|l|lbs?|oz|iu|units?|u|meq|mmol|mm|cm|m|in|ft|h|hrs?|hours?|min|mins|sec|s|d|days?|w|wks?|weeks?|mo|mos|months?"
    r"|y|yo|yrs?|years?|x|hz|bpm|k|am|pm|a|p|st|nd|rd|th|s|mg/dl|mg/kg|mg/day|mg/d|ml/min|mg/ml|ng/ml|mmhg|kcal|cal|tabs?|caps?|fold|year-old|yo-[a-z]+)*(?:/(?:d|day|dl|kg|ml|min|hr|h|l|m2|week|wk|mo|dose))?$",
    re.IGNORECASE,
)
_CODE: Final = re.compile(r"^[A-TV-Z]\d[0-9AB](?:\.[0-9A-Z]{1,4})?$")
_KNOWN_CODES: Final = re.compile(
    r"^(?:phq|gad|ca|hla|cd|cyp|il|ige|igg|brca|sf|ldl|covid|sars|dsm|icd|cpt|b|t|vitamin|omega|q|act|asrs|bdi|audit|dast|scl|cbcl|pcl|aims|moca|mdq|ymrs|phqa|h|c|p|g|a1c)-?\d{1,3}[a-z]?(?:-\d{1,2})?$",
    re.IGNORECASE,
)
_UNITS: Final = frozenset("mme meq bpm mcg cal tab tabs cap caps min hrs day wks lbs pts oral mmh wbc".split())
_YEARS: Final = re.compile(r"^(?:19|20)\d\d(?:[-/](?:(?:19|20)?\d\d))?$")


def numbers(folded: str, starts: Starts) -> Iterator[Found]:
    """Everything in a folded text that has the shape of somebody's number."""
    for kind, each in _SHAPES:
        at = min(1, each.pattern.groups)  # a label is not part of what it announces
        for match in each.found(folded, starts):
            if _enough(kind, match[at]) and not _measured(match[at]):
                yield Found(match.start(at), match.end(at), kind, SHAPE)
    for kind, marks, pattern in _RARE:
        if any(mark in folded for mark in marks):
            yield from (Found(m.start(), m.end(), kind, SHAPE) for m in pattern.finditer(folded))
    for match in _LABELLED.found(folded, starts):
        if _names_one(match[1]):
            yield Found(match.start(1), match.end(1), Kind.ID, SHAPE + 1)
    for match in _HASHED.finditer(folded):
        if sum(map(str.isdigit, match[1])) >= 3:
            yield Found(match.start(1), match.end(1), Kind.ID, SHAPE)
    yield from (Found(m.start(), m.end(), Kind.ID, SHAPE) for m in _MIXED.finditer(folded) if _is_code(m[0]))


def _enough(kind: Kind, written: str) -> bool:
    """Seven figures make a telephone number, spelled out or not."""
    return kind is not Kind.PHONE or sum(map(str.isdigit, written)) >= 7 or written[:1].isalpha()


def _measured(written: str) -> bool:
    """Three letters of the trade behind a few figures are a unit or a count: "50 MME", "5 CBT", "20 tab"."""
    words = written.lower().split()
    return (
        len(words) == 2
        and words[0].isdigit()
        and words[1].isalpha()
        and (words[1] in _UNITS or words[1] in lists.abbreviations() or not written.isupper())
    )


def _names_one(value: str) -> bool:
    """What stands behind a label counts from four characters on, three of them digits; doses and years do not."""
    digits = sum(map(str.isdigit, value))
    if _DOSE.match(value) and not value.isdigit():
        return False
    return digits >= 3 and len(value) >= 4 and not _YEARS.match(value)


def _is_code(value: str) -> bool:
    """Without any label: five digits in a row, or letters and digits that are no dose, no diagnosis and no scale."""
    digits = sum(map(str.isdigit, value))
    if digits < 3 or _YEARS.match(value) or _CODE.match(value) or _KNOWN_CODES.match(value):
        return False
    if not any(map(str.isalpha, value)):
        groups = re.split(r"[-/_.]", value)
        return (len(groups) == 1 and digits >= 5) or ("." not in value and digits >= 7)
    return not _DOSE.match(value)
