"""Drug names: what a sentence names is what its sources name, brand and generic being one."""

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.drafting.checks.words import folded

# generic: brand names and shorthand, as psychiatric and primary-care charts in the United States use them
_NAMES = [
    "sertraline:zoloft",
    "fluoxetine:prozac,sarafem",
    "escitalopram:lexapro,cipralex",
    "citalopram:celexa",
    "paroxetine:paxil,pexeva",
    "fluvoxamine:luvox",
    "venlafaxine:effexor",
    "desvenlafaxine:pristiq",
    "duloxetine:cymbalta",
    "levomilnacipran:fetzima",
    "milnacipran:savella",
    "bupropion:wellbutrin,zyban,aplenzin",
    "mirtazapine:remeron",
    "trazodone:desyrel,oleptro",
    "nefazodone:serzone",
    "vilazodone:viibryd",
    "vortioxetine:trintellix",
    "amitriptyline:elavil",
    "nortriptyline:pamelor",
    "imipramine:tofranil",
    "desipramine:norpramin",
    "clomipramine:anafranil",
    "doxepin:silenor,sinequan",
    "phenelzine:nardil",
    "tranylcypromine:parnate",
    "selegiline:emsam",
    "esketamine:spravato",
    "ketamine:ketalar",
    "lithium:lithobid,eskalith,lithane",
    "valproate:depakote,depakene,divalproex,valproic",
    "lamotrigine:lamictal",
    "carbamazepine:tegretol,equetro",
    "oxcarbazepine:trileptal",
    "topiramate:topamax",
    "gabapentin:neurontin",
    "pregabalin:lyrica",
    "levetiracetam:keppra",
    "aripiprazole:abilify,aristada",
    "quetiapine:seroquel",
    "olanzapine:zyprexa",
    "risperidone:risperdal",
    "paliperidone:invega",
    "ziprasidone:geodon",
    "lurasidone:latuda",
    "asenapine:saphris",
    "iloperidone:fanapt",
    "brexpiprazole:rexulti",
    "cariprazine:vraylar",
    "lumateperone:caplyta",
    "clozapine:clozaril",
    "haloperidol:haldol",
    "chlorpromazine:thorazine",
    "fluphenazine:prolixin",
    "perphenazine:trilafon",
    "loxapine:loxitane",
    "pimavanserin:nuplazid",
    "thioridazine:mellaril",
    "trifluoperazine:stelazine",
    "olanzapine-samidorphan:lybalvi",
    "alprazolam:xanax",
    "lorazepam:ativan",
    "clonazepam:klonopin",
    "diazepam:valium",
    "temazepam:restoril",
    "chlordiazepoxide:librium",
    "oxazepam:serax",
    "triazolam:halcion",
    "buspirone:buspar",
    "hydroxyzine:vistaril,atarax",
    "propranolol:inderal",
    "prazosin:minipress",
    "clonidine:catapres,kapvay",
    "guanfacine:intuniv,tenex",
    "zolpidem:ambien",
    "eszopiclone:lunesta",
    "zaleplon:sonata",
    "ramelteon:rozerem",
    "suvorexant:belsomra",
    "lemborexant:dayvigo",
    "melatonin:",
    "diphenhydramine:benadryl",
    "doxylamine:unisom",
    "methylphenidate:ritalin,concerta,daytrana",
    "dexmethylphenidate:focalin",
    "amphetamine:adderall,evekeo",
    "lisdexamfetamine:vyvanse",
    "dextroamphetamine:dexedrine",
    "atomoxetine:strattera",
    "viloxazine:qelbree",
    "modafinil:provigil",
    "armodafinil:nuvigil",
    "buprenorphine:suboxone,subutex,sublocade,zubsolv,brixadi",
    "methadone:methadose,dolophine",
    "naltrexone:vivitrol,revia",
    "naloxone:narcan,kloxxado",
    "acamprosate:campral",
    "disulfiram:antabuse",
    "varenicline:chantix",
    "nicotine:nicorette,nicoderm",
    "lofexidine:lucemyra",
    "benztropine:cogentin",
    "trihexyphenidyl:artane",
    "valbenazine:ingrezza",
    "deutetrabenazine:austedo",
    "donepezil:aricept",
    "memantine:namenda",
    "oxycodone:oxycontin,percocet",
    "hydrocodone:vicodin,norco",
    "tramadol:ultram",
    "codeine:",
    "morphine:",
    "fentanyl:",
    "heroin:",
    "cocaine:",
    "methamphetamine:",
    "acetaminophen:tylenol",
    "ibuprofen:advil,motrin",
    "naproxen:aleve",
    "aspirin:",
    "metformin:glucophage",
    "insulin:",
    "lisinopril:zestril,prinivil",
    "amlodipine:norvasc",
    "metoprolol:lopressor,toprol",
    "atenolol:tenormin",
    "losartan:cozaar",
    "hydrochlorothiazide:hctz",
    "atorvastatin:lipitor",
    "simvastatin:zocor",
    "levothyroxine:synthroid",
    "omeprazole:prilosec",
    "pantoprazole:protonix",
    "famotidine:pepcid",
    "albuterol:ventolin,proair",
    "montelukast:singulair",
    "cetirizine:zyrtec",
    "loratadine:claritin",
    "prednisone:",
    "amoxicillin:",
    "penicillin:",
    "sulfamethoxazole:bactrim",
    "ciprofloxacin:",
    "azithromycin:",
    "doxycycline:",
    "warfarin:coumadin",
    "apixaban:eliquis",
    "sumatriptan:imitrex",
    "ondansetron:zofran",
    "promethazine:phenergan",
    "cyproheptadine:",
    "semaglutide:ozempic,wegovy",
    "zonisamide:zonegran",
    "baclofen:",
    "cyclobenzaprine:flexeril",
    "dextromethorphan-bupropion:auvelity",
    "brexanolone:zulresso",
    "zuranolone:zurzuvae",
    "xanomeline-trospium:cobenfy",
]
GENERIC = {name: entry.partition(":")[0] for entry in _NAMES for name in re.split(r"[:,]", entry) if name}
_WORD = re.compile(r"[a-z]{4,}(?:-[a-z]{4,})?")
_LIKE_A_DRUG = re.compile(
    r"(?:oxetine|alopram|azepam|azolam|idone|piprazole|prazine|triptyline|apine|azodone|barbital|setron|statin|sartan"
    r"|mycin|cillin|tidine|oprazole|faxine|racetam|orphine|codone|zosin|olol|promazine|phenidate|lukast|floxacin)$"
)


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    held = {drug for source in sources for drug in drugs(source)}
    return not held.issuperset(drugs(sentence))


@lru_cache(maxsize=4096)
def drugs(text: str) -> frozenset[str]:
    """The generic names of the drugs a text names; a word that only looks like one stands for itself."""
    return frozenset(name for name, _ in placed(text))


@lru_cache(maxsize=4096)
def placed(text: str) -> tuple[tuple[str, int], ...]:
    """Each drug and where it stands in the folded text."""
    found = []
    for match in _WORD.finditer(folded(text).lower()):
        word = match[0]
        if name := GENERIC.get(word) or (word if _LIKE_A_DRUG.search(word) else None):
            found.append((name, match.start()))
    return tuple(found)
