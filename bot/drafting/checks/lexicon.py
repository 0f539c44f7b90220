"""The vocabulary of the checks: which words mean the same, which the opposite, and which say nothing of their own.

General English and the shorthand of progress notes. A word that is missing here only makes a check stricter.
"""

import re
from typing import Final

# Written out before anything is compared. Order matters: longer phrases first.
_PHRASES: Final = (
    (r"\bcan(?:'t|not)\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"n't\b", " not"),
    (r"\b(?:can|could) not deny\b", "endorses"),
    (r"\b(?:no longer|not|doesn't|never) (?:currently )?(?:deny|denies|denied|denying)\b", "endorses"),
    (
        r"\b(?:can not|could not|unable to) (?:be )?(?:fully )?(?:rule[d]? out|exclude[d]?)\b|\bnot ruled out\b",
        "possibly",
    ),
    (
        r"\bno longer (?:take|takes|taking|on|using)\b|\bnot (?:been )?(?:taking|on(?! (?:file|hold|the|an?|his|her|their|call|time|site|record)\b))\b",
        "stopped taking",
    ),
    (r"\b(?:is|was|now|been|went|came) off (?:of )?(?=[a-z])", "stopped "),
    (r"(?:(?<=^)|(?<=[\".;:(] )|(?<=[\"(]))off (?:of )?(?=[a-z])", "stopped "),
    (r"\bd/c'?d?\b(?! (?:summary|planning))|\bdc'?d\b", "stopped"),
    (r"\bran out of\b", "stopped"),
    (r"\bno longer\b", "not"),
    (r"\bunable to\b", "not able to"),
    (r"\b(?:failed|fails|failing) to\b", "did not"),
    (r"\b(?:did|does|has|had) not (?:attend|come to|come|show up for|show up|show|keep|kept|attended)\b", "missed"),
    (r"\bno[- ]?show(?:ed|s)?\b", "missed"),
    (r"\bunchanged\b|\bno[- ]change\b|\bthe same as\b", "no change"),
    (r"\basked (\w+ )?(?:about|for) ([^:,.;]{2,30}): (denie[sd]|no)\b", r"asked \1, \3 \2,"),
    (
        r"\b(neg|negative) for (?=(?:\d|an?|one|two|three|four|five|six|seven|eight|nine|ten|several|many)\b)",
        r"\1, for ",
    ),
    (r"\bnot only\b", "only"),
    (r"\bno more than\b", "at most"),
    (r"\bno less than\b", "at least"),
    (r"\bno later than\b", "by"),
    (r"\bwithout\b", "with no"),
    (r"\bnot at all\b", "notatall"),
    (
        r"(?<=\bdead yes, )thoughts(?= (?:yes|no)\b)|(?<=\bdead no, )thoughts(?= (?:yes|no)\b)",
        "suicidal",
    ),  # C-SSRS answers
    (r"\bS/?I/?H/?I\b|\bSI and HI\b|\bSI or HI\b|\bSI, HI\b|\bSI & HI\b", "suicidal homicidal"),
    (
        (
            r"\b(?:passive |active )?(?:suicidal (?:ideation|thoughts?|thinking)|thoughts? (?:of|about) (?:suicide|killing"
            r" (?:him|her|them)self|ending (?:his|her|their) life)|suicidality)\b"
        ),
        "suicidal",
    ),
    (r"\b(?:homicidal (?:ideation|thoughts?)|thoughts? of (?:harming|hurting|killing) others)\b", "homicidal"),
    (r"\b(?:wish|wishes|wished|wishing|wanting|wants|wanted) to (?:be dead|die)\b", "deathwish"),
    (r"\bself[- ]?(?:harm|injur)\w*|\bnon-?suicidal self\w*", "selfharm"),
    (r"\b(?:auditory|visual) hallucinations?\b|\bhearing voices\b", "hallucinations"),
    (r"\bsafety[- ]plan\b", "safetyplan"),
    (r"\btreatment[- ]plan\b|\bcare plan\b|\bplan of care\b", "careplan"),
    (r"\bon file\b|\bin the (?:chart|record)\b", "documented"),
    (r"\bnext of kin\b", "relative"),
    (r"\b(?:up|rose|risen|went up|increased|climbed|gained) (?:by )?(?=\d)", "increase "),
    (r"\b(?:down|fell|fallen|dropped|went down|decreased|declined) (?:by )?(?=\d)", "decrease "),
    (r"\bno known (?:drug )?allerg(?:y|ies)\b|\bNKD?A\b", "no known allergies"),
    (r"\bf/u\b", "follow up"),
    (r"\bfollow(?:ed|ing|s)?[- ]up\b", "followup"),
    (r"\bcheck(?:ed|ing)?[- ]in\b", "checkin"),
    (r"\bat bedtime\b|\bat night\b|\bqhs\b|\beach night\b|\bevery night\b|\bnightly\b", "bedtime"),
    (r"\bby mouth\b|\bp\.?o\.?\b(?= |$|,)", "orally"),
    (r"\bas needed\b|\bprn\b", "asneeded"),
    (r"\bw/o\b", "with no"),
    (r"\bw/", "with "),
)
_CASED: Final = (  # abbreviations that are words in lower case
    (r"\bSI\b|\bS/I\b", "suicidal"), (r"\bHI\b|\bH/I\b", "homicidal"), (r"\bNSSI\b|\bSIB\b", "selfharm"),
    (r"\bAVH\b|\bA/VH\b|\bAH/VH\b", "hallucinations"), (r"\bSUD\b", "substance use disorder"),
    (r"\bOUD\b", "opioid use disorder"), (r"\bAUD\b", "alcohol use disorder"),
    (r"\bMDD\b", "major depressive disorder"), (r"\bPTSD\b", "posttraumatic stress disorder"),
    (r"\b[Pp]ost-?[Tt]raumatic [Ss]tress [Dd]isorder\b", "posttraumatic stress disorder"),
    (r"\bGAD\b(?!-?\d)", "generalized anxiety disorder"), (r"\bCBT\b", "cognitive behavioral therapy"),
    (r"\bDBT\b", "dialectical behavior therapy"), (r"\bCPT\b", "cognitive processing therapy"),
    (r"\bMI\b", "motivational interviewing"), (r"\bIOP\b", "intensive outpatient"), (r"\bUDS\b", "urine drug screen"),
    (r"\bADHD\b", "attention deficit hyperactivity disorder"), (r"\bBP\b", "blood pressure"),
    (r"\bROI\b", "release"), (r"\bER\b|\bED\b", "emergency room"), (r"\bPCP\b", "primary care"),
    (r"\b[Pp]ts?\b|\b[Cc]t\b|\bcts\b", "client"), (r"\b[Hh]x\b", "history"), (r"\b[Tt]x\b", "treatment"),
    (r"\b[Dd]x\b", "diagnosis"), (r"\b[Ss]x\b", "symptoms"), (r"\b[Rr]x\b", "prescription"),
    (r"\b[Mm]eds?\b", "medication"), (r"\b[Aa]ppts?\b", "appointment"), (r"\b[Ww]ks?\b", "weeks"),
    (r"\b[Mm]in(?:s)?\b(?= |\.|,|$)", "minutes"), (r"\b[Hh]rs?\b", "hours"), (r"\b[Mm]os?\b", "months"),
    (r"\b[Yy]rs?\b", "years"), (r"\b[Rr]e\b(?=:? )", "about"), (r"\bBF\b|\bbf\b", "boyfriend"),
)  # fmt: skip
PHRASES: Final = tuple((re.compile(pattern), plain) for pattern, plain in _CASED) + tuple(
    (re.compile(pattern, re.IGNORECASE), plain) for pattern, plain in _PHRASES
)

FORMS: Final = {
    form: base
    for base, forms in {
        "fall": "fell fallen", "rise": "rose risen", "go": "went gone goes", "say": "said says", "tell": "told",
        "take": "took taken", "sleep": "slept", "eat": "ate eaten", "drink": "drank drunk", "feel": "felt",
        "keep": "kept", "leave": "left", "meet": "met", "make": "made", "begin": "began begun", "come": "came",
        "give": "gave given", "wake": "woke woken awake waking", "lose": "lost losing loss", "disclose": "disclosure disclosures disclosed",
        "find": "found",
        "hold": "held", "read": "reads", "write": "wrote written", "run": "ran", "see": "saw seen", "get": "got gotten",
        "bring": "brought", "buy": "bought", "think": "thought thoughts", "drive": "drove driven driving",
        "know": "knew known", "sell": "sold", "send": "sent", "speak": "spoke spoken", "stand": "stood",
        "win": "won", "grow": "grew grown", "hear": "heard", "put": "puts", "child": "children", "person": "people",
        "wife": "wives", "life": "lives", "worse": "worst", "die": "died dies dying", "lie": "lying", "do": "did does done",
        "have": "had has having", "be": "is are was were been being am", "deny": "denies denied denying denial",
        "stop": "stopped stops stopping", "plan": "planned plans planning", "refer": "referred referral referrals",
        "quit": "quits quitting", "use": "used uses using", "attend": "attendance attended", "steal": "stole stolen",
        "suicide": "suicidal", "depress": "depression depressed depressive", "anxious": "anxiety",
        "irritable": "irritability", "hallucinate": "hallucinations hallucination", "admit": "admitted admits admission",
        "withdraw": "withdrew withdrawn withdrawal", "avoid": "avoidance avoidant", "respond": "response responded",
        "engage": "engagement engaged", "agree": "agreed agreement agrees", "refuse": "refusal", "relapse": "relapsed",
        "restless": "restlessness", "agitated": "agitation agitate", "act": "active", "prescribe": "prescription",
        "document": "documentation", "assess": "assessment assessed", "argue": "argument arguments",
        "improve": "improvement", "remit": "remission", "medicate": "medication medications",
    }.items()
    for form in forms.split()
}  # fmt: skip

_SAME: Final = (
    "improve better brighter lift progress", "worse worsen deteriorate decline", "increase raise rise up higher climb elevate grow",
    "decrease reduce lower down fall drop less lessen taper cut fewer", "start begin initiate commence started since restart resume",
    "stop discontinue cease quit end hold halt", "continue remain maintain carry persist stay ongoing still unchanged",
    "mother mom mum", "father dad", "spouse husband wife partner", "child kid", "sibling",
    "clinician provider therapist counselor", "psychiatrist prescriber", "anxious worry nervous", "sad unhappy low down",
    "irritable angry anger", "sleep insomnia asleep", "visit appointment session meeting", "drug medicate medicine med pill tablet capsule",
    "dose dosage", "agree accept consent", "refuse decline reject", "miss absent", "attend keep present",
    "tell inform explain say state", "talk discuss speak review", "speak call phone telephone", "expect anticipate",
    "trigger stressor", "job work employment", "school class", "home house", "money financial finance", "help assist support aid",
    "friend companion", "gun firearm weapon rifle pistol", "alcohol drink", "abstain sober abstinent",
    "need require", "allow permit", "show demonstrate display", "good well", "poor bad badly", "hard difficult difficulty",
    "think thought", "want wish hope", "give provide hand", "get obtain receive", "buy purchase",
    "begin start", "finish complete conclude", "arrange schedule book set", "exam test lab", "draw check",
    "nausea queasy", "diarrhea stool", "tired fatigue fatigued exhausted", "headache head", "nightmare dream",
    "panic attack", "voice hallucinate hallucinations", "fight argue conflict", "fear afraid scared", "cry tearful",
    "alone lonely isolate own self", "several multiple", "big large", "small little mild", "begin initial first early",
    "last final latest recent newest", "next upcoming following", "danger unsafe", "monitor watch observe", "suggest advise recommend",
    "therapy psychotherapy", "reach contact", "move relocate", "sign signature", "revoke withdrew", "client patient",
    "family relative", "side adverse", "night bedtime nightly", "morning", "weekly", "daily", "possible possibly may might",
    "homicidal", "rest remainder", "cause lead", "concern problem issue", "mood", "goal objective aim target", "follow followup",
    "step measure", "care treatment", "risk", "list", "react reaction", "allergy allergic", "release", "owner responsible own",
    "due deadline", "wake awake", "remember recall", "forget", "letter note", "ask request question", "mention disclose admit endorse report acknowledge",
    "before prior previous earlier previously", "also additional too", "judge court legal judgment", "baby infant", "rate",
)  # fmt: skip


def _table(groups: tuple[str, ...]) -> dict[str, str]:
    """Each word to the first word of its group; a word in two groups belongs to the first."""
    known: dict[str, str] = {}
    for group in groups:
        first, *others = group.split()
        for word in (first, *others):
            known.setdefault(_stemmed(word), first)
            known.setdefault(word, first)
    return known


def _stemmed(word: str) -> str:
    """As words.stem does for a word in its base form."""
    base = FORMS.get(word, word)
    return base.removesuffix("e") if len(base) > 3 else base


SYNONYMS: Final = _table(_SAME)

_NEUTRAL_WORDS = """
    january february march april june july august september october november december jan feb mar apr jun jul aug sep sept
    oct nov dec dr mr mrs ms md po bid tid prescrib prescribe order most recently nothing
    a an the and or but nor so as at by for from in into of off on onto out over per than that this these those to
    up with within via about above after again also am any are be been before being between both can could did do
    does during each either else had has have having he her hers him his how i if is it its itself just me my no
    not now own she should some such their theirs them then there they thing through too under until upon very was
    we were what when where whether which while who whom whose why will would yet you your himself herself
    themselves none neither never only still already though although however client patient individual document
    record chart note noted source sources state report indicate describe per according currently current present
    presently today time times session visit made make get per one ones day week month year date dated regarding
    course told as care team owner due done written write list listed follow following include including remain
    continue say tell day appear seem be become show find see client's patient's mg mcg point ml hour minute
    status known person come go take give endorse acknowledge express share mention mentioned likewise furthermore
    additionally moreover meanwhile overall together all every since further well
"""
NEUTRAL: Final = frozenset(_NEUTRAL_WORDS.split())

_LABEL_WORDS = "safety reason diagnos diagnosis treatment care lab labs exam alert support supports help goal"
LABELS: Final = frozenset(_LABEL_WORDS.split())  # of the template's own: they support nothing, but can be denied
