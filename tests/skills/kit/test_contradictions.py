"""The rules about medications as a table: what each one finds, and the near misses that it must leave alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest

from ehr_clients.models import Allergy, Answer, Assessment, Medication, Note, Problem, Section, Source
from skills.kit.contradictions import find
from skills.kit.drugs import daily_mg, dose_of, ingredients, members, table
from skills.kit.findings import Finding, Lab, OnFile, rules

TODAY = date(2026, 11, 23)
ACTIVE, ENDED = "active", "stopped"


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def med(
    name: str, dose: str | None = None, status: str | None = ACTIVE, started: int | None = 400, **more: object
) -> Medication:
    ref = f"MedicationRequest/{name}-{dose}-{status}".replace(" ", "-")
    when = ago(started) if started is not None else None
    found = Medication(
        source=Source(ref, "1", "Medication order", when), name=name, dose=dose, status=status, started=when
    )
    return replace(found, **more)  # type: ignore[arg-type]  # keyword pass-through


def ended(name: str, days: int | None) -> Medication:
    return med(name, status=ENDED, changed=ago(days) if days is not None else None)


def dx(text: str, status: str | None = ACTIVE, code: str | None = None) -> Problem:
    return Problem(source=Source(f"Condition/{text}", "1", "Problem"), text=text, status=status, code=code)


def note(text: str, days: int = 7) -> Note:
    where = Source(f"DocumentReference/{days}", "1", "Progress note", ago(days))
    return Note(source=where, kind="Progress note", text=text, when=ago(days))


def allergy(substance: str, status: str | None = ACTIVE) -> Allergy:
    return Allergy(source=Source("AllergyIntolerance/1", "1", "Allergy"), substance=substance, status=status)


def lab(name: str, value: float | None, days: int) -> Lab:
    return Lab(name, value, ago(days), Source(f"Observation/{name}", "1", "Laboratory result", ago(days)))


@dataclass(frozen=True)
class Row:
    """What is on file, and whether the rule speaks. `born` is a birth date; 40 years ago unless the rule is about age."""

    rule: str
    expected: bool
    meds: tuple[Medication, ...]
    dx: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    labs: tuple[Lab, ...] | None = None
    born: date | None = date(1986, 1, 1)
    sex: str | None = "male"
    assessments: tuple[Assessment, ...] = ()

    def found(self) -> list[Finding]:
        chart = OnFile(
            medications=self.meds,
            problems=self.dx,
            notes=self.notes,
            allergies=self.allergies,
            labs=self.labs,
            birth_date=self.born,
            sex=self.sex,
            assessments=self.assessments,
            today=TODAY,
        )
        return [finding for finding in find(chart) if finding.rule == self.rule]


def yes(rule: str, *meds: Medication, **more: object) -> Row:
    return Row(rule=rule, expected=True, meds=meds, **more)  # type: ignore[arg-type]  # keyword pass-through


def no(rule: str, *meds: Medication, **more: object) -> Row:
    return Row(rule=rule, expected=False, meds=meds, **more)  # type: ignore[arg-type]  # keyword pass-through


def cssrs(days: int) -> Assessment:
    return Assessment(source=Source("Observation/c", "1", "C-SSRS"), instrument="C-SSRS", when=ago(days), level="low")


def phq9(days: int, ninth: int | None) -> Assessment:
    where = Source("Observation/p", "1", "PHQ-9 total")
    return Assessment(source=where, instrument="PHQ-9", when=ago(days), total=5, answers=(Answer("44260-8", 9, ninth),))


YOUNG = date(2003, 1, 1)
OLD = date(1955, 1, 1)
TABLE = [
    # MAO inhibitors
    yes("maoi.serotonergic", med("Phenelzine 15 mg"), med("Sertraline 50 mg")),
    yes("maoi.serotonergic", med("Emsam 6 mg/24 hr"), med("Effexor XR 75 mg")),
    yes("maoi.serotonergic", med("Linezolid 600 mg"), med("Amitriptyline 25 mg")),
    yes("maoi.serotonergic", med("Nardil"), med("Imitrex 50 mg")),
    yes("maoi.serotonergic", med("Phenelzine 15 mg"), ended("Sertraline 50 mg", 10)),
    yes("maoi.serotonergic", med("Phenelzine 15 mg"), ended("Fluoxetine 20 mg", 30)),
    no("maoi.serotonergic", med("Phenelzine 15 mg"), ended("Sertraline 50 mg", 30)),
    no("maoi.serotonergic", med("Phenelzine 15 mg"), ended("Fluoxetine 20 mg", 40)),
    no("maoi.serotonergic", med("Phenelzine 15 mg"), ended("Sertraline 50 mg", None)),  # when it ended is not known
    no("maoi.serotonergic", ended("Phenelzine 15 mg", 3), ended("Sertraline 50 mg", 3)),
    no("maoi.serotonergic", med("Phenelzine 15 mg"), med("Acetaminophen 500 mg")),
    yes("maoi.opioid", med("Parnate 10 mg"), med("Meperidine 50 mg")),
    yes("maoi.opioid", med("Parnate 10 mg"), med("Tramadol 50 mg")),
    no("maoi.opioid", med("Parnate 10 mg"), med("Naloxone 4 mg nasal spray")),
    yes("maoi.stimulant", med("Tranylcypromine 10 mg"), med("Adderall XR 20 mg")),
    yes("maoi.stimulant", med("Tranylcypromine 10 mg"), med("Concerta 27 mg")),
    no("maoi.stimulant", med("Tranylcypromine 10 mg"), med("Guanfacine 1 mg")),
    yes("maoi.bupropion", med("Isocarboxazid 10 mg"), med("Wellbutrin XL 150 mg")),
    yes("maoi.procarbazine", med("Tranylcypromine 10 mg"), med("Procarbazine 50 mg")),
    no("maoi.procarbazine", med("Phenelzine 15 mg"), med("Procarbazine 50 mg")),
    # QT
    yes("qt.pair", med("Ziprasidone 40 mg"), med("Methadone 80 mg daily")),
    yes("qt.pair", med("Thioridazine 50 mg"), med("Pimozide 2 mg")),
    yes("qt.pair", med("Citalopram 40 mg", "60 mg by mouth daily"), med("Ziprasidone 40 mg")),
    yes("qt.pair", med("Citalopram 40 mg", "40 mg by mouth daily"), med("Ziprasidone 40 mg"), born=OLD),
    yes("qt.pair", med("Citalopram"), med("Ziprasidone 40 mg")),  # its dose is not on file
    yes("qt.pair", med("Haloperidol 5 mg IV"), med("Methadone 10 mg")),
    no("qt.pair", med("Haloperidol 5 mg oral tablet"), med("Methadone 10 mg")),
    no("qt.pair", med("Citalopram 20 mg", "20 mg by mouth daily"), med("Ziprasidone 40 mg")),
    no("qt.pair", med("Ziprasidone 40 mg"), med("Ziprasidone 80 mg")),
    no("qt.pair", med("Ziprasidone 40 mg"), ended("Methadone 10 mg", 2)),
    yes("qt.citalopram_dose", med("Citalopram 40 mg", "60 mg by mouth daily")),
    yes("qt.citalopram_dose", med("Citalopram 20 mg", "20 mg twice a day"), born=OLD),
    yes("qt.citalopram_dose", med("Celexa 40 mg", "40 mg by mouth daily"), born=None),
    no("qt.citalopram_dose", med("Citalopram 40 mg", "40 mg by mouth daily")),
    no("qt.citalopram_dose", med("Citalopram 20 mg", "20 mg by mouth daily"), born=OLD),
    no("qt.citalopram_dose", med("Escitalopram 60 mg", "60 mg by mouth daily")),
    # sedation
    yes("benzodiazepine.opioid", med("Clonazepam 0.5 mg"), med("Oxycodone 5 mg")),
    no("benzodiazepine.opioid", med("Clonazepam 0.5 mg"), ended("Oxycodone 5 mg", 1)),
    no("benzodiazepine.opioid", med("Clonazepam 0.5 mg", status="on-hold"), med("Oxycodone 5 mg")),
    no("benzodiazepine.opioid", med("Buspirone 10 mg"), med("Oxycodone 5 mg")),
    # CYP1A2
    yes("cyp1a2", med("Fluvoxamine 100 mg"), med("Tizanidine 4 mg")),
    yes("cyp1a2", med("Cipro 500 mg"), med("Zanaflex 4 mg")),
    yes("cyp1a2", med("Luvox 50 mg"), med("Ramelteon 8 mg")),
    no("cyp1a2", med("Fluoxetine 20 mg"), med("Tizanidine 4 mg")),
    # lithium
    yes("lithium.raiser", med("Lithium carbonate 300 mg"), med("Ibuprofen 600 mg")),
    yes("lithium.raiser", med("Lithobid 300 mg"), med("Lisinopril 20 mg")),
    yes("lithium.raiser", med("Lithium 300 mg"), med("Losartan 50 mg")),
    yes("lithium.raiser", med("Lithium 300 mg"), med("HCTZ 25 mg")),
    no("lithium.raiser", med("Lithium 300 mg"), med("Aspirin 81 mg")),
    no("lithium.raiser", med("Lithium 300 mg"), med("Amlodipine 5 mg")),
    no("lithium.raiser", ended("Lithium 300 mg", 5), med("Ibuprofen 600 mg")),
    yes("lithium.no_level", med("Lithium 300 mg")),
    yes("lithium.no_level", med("Lithium 300 mg"), notes=(note("Lithium level due before next visit."),)),
    yes("lithium.no_level", med("Lithium 300 mg"), notes=(note("Lithium level 0.8 mEq/L.", days=220),)),
    yes("lithium.no_level", med("Lithium 300 mg"), labs=(lab("lithium", 0.8, 200),)),
    no("lithium.no_level", med("Lithium 300 mg"), notes=(note("Lithium level 0.8 mEq/L.", days=100),)),
    no("lithium.no_level", med("Lithium 300 mg"), labs=(lab("lithium", 0.8, 100),)),
    no("lithium.no_level", med("Lithium 300 mg", reason="Begun in hospital; level 0.7 mmol/L on 11/17/2026.")),
    yes("lithium.no_level", med("Lithium 300 mg", reason="Begun in hospital; level to be drawn.")),
    no("lithium.no_level", med("Lithium 300 mg"), notes=(note("Lithium begun 11/13/2026, level 0.7 mmol/L."),)),
    no("lithium.no_level", ended("Lithium 300 mg", 2)),
    yes("lithium.no_egfr", med("Lithium 300 mg")),
    no("lithium.no_egfr", med("Lithium 300 mg"), labs=(lab("egfr", 90, 100),)),
    yes("lithium.egfr", med("Lithium 300 mg"), notes=(note("eGFR 48 from the PCP."),)),
    no("lithium.egfr", med("Lithium 300 mg"), labs=(lab("egfr", 60, 100),)),
    no("lithium.egfr", med("Lithium 300 mg"), labs=(lab("egfr", None, 100),)),  # its value is not known
    # clozapine
    yes("clozapine.anc_low", med("Clozapine 100 mg"), notes=(note("ANC 900 on Tuesday."),)),
    yes("clozapine.anc_low", med("Clozapine 100 mg"), notes=(note("ANC 0.9."),)),
    no("clozapine.anc_low", med("Clozapine 100 mg"), labs=(lab("anc", 1000, 3),)),
    no("clozapine.anc_low", med("Clozapine 100 mg"), labs=(lab("anc", 900, 3),), dx=(dx("Benign ethnic neutropenia"),)),
    yes(
        "clozapine.anc_low", med("Clozapine 100 mg"), labs=(lab("anc", 450, 3),), dx=(dx("Benign ethnic neutropenia"),)
    ),
    no("clozapine.anc_low", med("Clozapine 100 mg"), labs=(lab("anc", 900, 30), lab("anc", 2400, 3))),
    no("clozapine.anc_low", med("Clozapine 100 mg"), notes=(note("Hold if ANC below 1000."),)),
    no("clozapine.anc_low", med("Olanzapine 10 mg"), labs=(lab("anc", 900, 3),)),
    yes("clozapine.anc_mild", med("Clozapine 100 mg"), labs=(lab("anc", 1200, 3),)),
    no("clozapine.anc_mild", med("Clozapine 100 mg"), labs=(lab("anc", 1500, 3),)),
    yes("clozapine.no_anc", med("Clozapine 100 mg")),
    yes("clozapine.no_anc", med("Clozapine 100 mg", started=60), labs=(lab("anc", 2400, 10),)),
    yes("clozapine.no_anc", med("Clozapine 100 mg", started=250), labs=(lab("anc", 2400, 20),)),
    no("clozapine.no_anc", med("Clozapine 100 mg", started=250), labs=(lab("anc", 2400, 13),)),
    no("clozapine.no_anc", med("Clozapine 100 mg", started=400), labs=(lab("anc", 2400, 28),)),
    no(  # a new dose is the same treatment, and counts stay monthly
        "clozapine.no_anc",
        med("Clozapine 100 mg", started=40),
        med("Clozapine 100 mg", "300 mg", ENDED, started=500, changed=ago(40)),
        labs=(lab("anc", 2400, 28),),
    ),
    yes("clozapine.carbamazepine", med("Clozapine 100 mg"), med("Tegretol 200 mg")),
    no("clozapine.carbamazepine", med("Clozapine 100 mg"), med("Oxcarbazepine 300 mg")),
    yes("clozapine.benzodiazepine", med("Clozapine 100 mg"), med("Lorazepam 1 mg")),
    # valproate
    yes("valproate.pregnancy", med("Depakote 500 mg"), dx=(dx("Pregnancy, second trimester"),), sex="female"),
    yes("valproate.pregnancy", med("Valproic acid 250 mg"), dx=(dx("Supervision", code="O09.90"),), sex="female"),
    no("valproate.pregnancy", med("Depakote 500 mg"), dx=(dx("Pregnancy", "resolved"),), sex="female"),
    no("valproate.pregnancy", med("Depakote 500 mg"), dx=(dx("Postpartum depression", code="O99.345"),), sex="female"),
    yes("valproate.childbearing", med("Divalproex 500 mg"), sex="female"),
    yes("valproate.childbearing", med("Divalproex 500 mg"), sex=None),  # not on file cannot rule it out
    yes("valproate.childbearing", med("Divalproex 500 mg"), sex="female", notes=(note("Declines contraception."),)),
    no("valproate.childbearing", med("Divalproex 500 mg"), sex="female", notes=(note("Has an IUD since 2024."),)),
    no("valproate.childbearing", med("Divalproex 500 mg"), med("Levonorgestrel implant"), sex="female"),
    no("valproate.childbearing", med("Divalproex 500 mg"), sex="female", born=OLD),
    no("valproate.childbearing", med("Divalproex 500 mg"), sex="male"),
    yes("valproate.lamotrigine", med("Depakote 500 mg"), med("Lamictal 25 mg")),
    no("valproate.lamotrigine", ended("Depakote 500 mg", 5), med("Lamictal 25 mg")),
    # carbamazepine
    yes("carbamazepine.nefazodone", med("Carbamazepine 200 mg"), med("Nefazodone 100 mg")),
    no("carbamazepine.nefazodone", med("Carbamazepine 200 mg"), med("Trazodone 100 mg")),
    yes("carbamazepine.hla", med("Carbamazepine 200 mg", started=20)),
    yes("carbamazepine.hla", med("Carbamazepine 200 mg", started=None)),
    no("carbamazepine.hla", med("Carbamazepine 200 mg", started=20), notes=(note("HLA-B*1502 negative."),)),
    no("carbamazepine.hla", med("Carbamazepine 200 mg", started=400)),
    # bupropion
    yes("bupropion.seizure", med("Bupropion 150 mg"), dx=(dx("Epilepsy, unspecified", code="G40.909"),)),
    no("bupropion.seizure", med("Bupropion 150 mg"), dx=(dx("Epilepsy", "inactive"),)),
    no("bupropion.seizure", med("Bupropion 150 mg"), dx=(dx("Psychogenic non-epileptic seizures"),)),
    no("bupropion.seizure", med("Bupropion 150 mg"), dx=(dx("Family history of epilepsy"),)),
    no("bupropion.seizure", med("Bupropion 150 mg"), dx=(dx("Epilepsy", "entered-in-error"),)),
    no("bupropion.seizure", med("Sertraline 50 mg"), dx=(dx("Epilepsy"),)),
    yes("bupropion.eating", med("Contrave 8/90 mg"), dx=(dx("Bulimia nervosa", "remission"),)),
    no("bupropion.eating", med("Bupropion 150 mg"), dx=(dx("Binge eating disorder", code="F50.81"),)),
    yes(
        "bupropion.withdrawal", med("Bupropion 150 mg"), dx=(dx("Alcohol dependence with withdrawal", code="F10.239"),)
    ),
    no("bupropion.withdrawal", med("Bupropion 150 mg"), dx=(dx("Opioid withdrawal", code="F11.23"),)),
    no("bupropion.withdrawal", med("Bupropion 150 mg"), dx=(dx("Alcohol withdrawal", "resolved"),)),
    no("bupropion.withdrawal", med("Bupropion 150 mg"), dx=(dx("Alcohol dependence, uncomplicated", code="F10.20"),)),
    # stimulants
    yes("stimulant.psychosis_mania", med("Vyvanse 30 mg"), dx=(dx("Bipolar I disorder", "remission", "F31.9"),)),
    yes("stimulant.psychosis_mania", med("Ritalin 10 mg"), dx=(dx("Schizophrenia", code="F20.9"),)),
    no("stimulant.psychosis_mania", med("Ritalin 10 mg"), dx=(dx("Major depression without psychotic features"),)),
    no("stimulant.psychosis_mania", med("Atomoxetine 40 mg"), dx=(dx("Schizophrenia"),)),
    yes("stimulant.cardiac", med("Ritalin 10 mg"), dx=(dx("Hypertrophic cardiomyopathy"),)),
    no("stimulant.cardiac", med("Ritalin 10 mg"), dx=(dx("Essential hypertension", code="I10"),)),
    # antidepressants
    yes("antidepressant.bipolar", med("Sertraline 50 mg"), dx=(dx("Bipolar II disorder", code="F31.81"),)),
    no("antidepressant.bipolar", med("Sertraline 50 mg"), med("Lithium 300 mg"), dx=(dx("Bipolar II disorder"),)),
    no("antidepressant.bipolar", med("Sertraline 50 mg"), med("Quetiapine 50 mg"), dx=(dx("Bipolar II disorder"),)),
    yes("antidepressant.bipolar", med("Sertraline 50 mg"), ended("Lithium 300 mg", 9), dx=(dx("Bipolar II disorder"),)),
    no("antidepressant.bipolar", med("Sertraline 50 mg"), dx=(dx("Rule out bipolar disorder"),)),
    no("antidepressant.bipolar", med("Sertraline 50 mg"), dx=(dx("Major depressive disorder", code="F33.1"),)),
    yes("antidepressant.young", med("Fluoxetine 10 mg", started=10), born=YOUNG),
    yes("antidepressant.young", med("Fluoxetine 20 mg", started=200, changed=ago(5)), born=YOUNG),
    yes("antidepressant.young", med("Fluoxetine 10 mg", started=10), born=YOUNG, notes=(note("SI not assessed.", 2),)),
    yes("antidepressant.young", med("Fluoxetine 10 mg", started=10), born=YOUNG, assessments=(phq9(2, None),)),
    no("antidepressant.young", med("Fluoxetine 10 mg", started=10), born=YOUNG, assessments=(phq9(2, 0),)),
    no("antidepressant.young", med("Fluoxetine 10 mg", started=10), born=YOUNG, assessments=(cssrs(2),)),
    no("antidepressant.young", med("Fluoxetine 10 mg", started=10), born=YOUNG, notes=(note("Denies SI.", 2),)),
    no("antidepressant.young", med("Fluoxetine 10 mg", started=10), born=date(2001, 1, 1)),  # 25
    no("antidepressant.young", med("Fluoxetine 10 mg", started=100), born=YOUNG),
    # antipsychotics
    yes("antipsychotic.dementia", med("Quetiapine 25 mg"), dx=(dx("Alzheimer's disease", code="G30.9"),)),
    yes("antipsychotic.dementia", med("Haldol 1 mg"), dx=(dx("Vascular dementia"),)),
    no("antipsychotic.dementia", med("Trazodone 50 mg"), dx=(dx("Vascular dementia"),)),
    no("antipsychotic.dementia", med("Quetiapine 25 mg"), dx=(dx("Mild cognitive impairment"),)),
    yes("sga.metabolic", med("Olanzapine 10 mg")),
    yes("sga.metabolic", med("Olanzapine 10 mg"), labs=(lab("weight", 80, 9), lab("a1c", 5.4, 9))),
    yes("sga.metabolic", med("Olanzapine 10 mg"), notes=(note("Order A1c and lipids. Weight 172."),)),
    no(
        "sga.metabolic",
        med("Olanzapine 10 mg"),
        labs=(lab("weight", 80, 9), lab("glucose", 92, 90), lab("lipids", None, 300)),
    ),
    no("sga.metabolic", med("Olanzapine 10 mg"), notes=(note("Weight 172, A1c 5.4, LDL 101."),)),
    no("sga.metabolic", med("Haloperidol 5 mg")),
    # addiction
    yes("naltrexone.opioid", med("Vivitrol 380 mg"), med("Oxycodone 5 mg")),
    yes("naltrexone.opioid", med("Naltrexone 50 mg"), med("Suboxone 8-2 mg film")),
    yes("naltrexone.opioid", med("Naltrexone 50 mg"), ended("Methadone 10 mg", 6)),
    no("naltrexone.opioid", med("Naltrexone 50 mg"), ended("Methadone 10 mg", 20)),
    no("naltrexone.opioid", med("Naloxone 4 mg nasal spray"), med("Methadone 10 mg")),
    yes("disulfiram.metronidazole", med("Antabuse 250 mg"), med("Flagyl 500 mg")),
    yes("disulfiram.alcohol", med("Disulfiram 250 mg"), notes=(note("Drank two glasses of wine on Saturday."),)),
    no("disulfiram.alcohol", med("Disulfiram 250 mg"), notes=(note("Denies drinking."),)),
    no("disulfiram.alcohol", med("Disulfiram 250 mg"), notes=(note("Drank two glasses of wine.", days=90),)),
    no("disulfiram.alcohol", med("Disulfiram 250 mg", started=5), notes=(note("Drank two glasses of wine."),)),
    no("disulfiram.alcohol", med("Acamprosate 333 mg"), notes=(note("Drank two glasses of wine."),)),
    # tamoxifen
    yes("tamoxifen.cyp2d6", med("Tamoxifen 20 mg"), med("Paxil 20 mg")),
    yes("tamoxifen.cyp2d6", med("Tamoxifen 20 mg"), med("Bupropion 150 mg")),
    no("tamoxifen.cyp2d6", med("Tamoxifen 20 mg"), med("Venlafaxine 75 mg")),
    # lamotrigine
    yes("lamotrigine.titration", med("Lamotrigine 100 mg", "100 mg daily", started=7)),
    yes("lamotrigine.titration", med("Lamotrigine 25 mg", "25 mg daily", started=7), med("Depakote 500 mg")),
    no("lamotrigine.titration", med("Lamotrigine 25 mg", "25 mg daily", started=7)),
    no("lamotrigine.titration", med("Lamotrigine 50 mg", "50 mg daily", started=7), med("Tegretol 200 mg")),
    no("lamotrigine.titration", med("Lamotrigine 200 mg", "200 mg daily", started=200)),
    no("lamotrigine.titration", med("Lamotrigine 100 mg", None, started=None)),
    no(
        "lamotrigine.titration",
        med("Lamotrigine 200 mg", "200 mg daily", started=7),
        med("Lamotrigine 100 mg", "100 mg daily", ENDED, started=300, changed=ago(7)),
    ),
    # the list and other sources
    yes("list.stopped", med("Sertraline 50 mg", started=30), notes=(note("Stopped sertraline last week."),)),
    yes("list.stopped", med("Sertraline 50 mg", started=30), notes=(note("Zoloft was discontinued."),)),
    no("list.stopped", med("Sertraline 50 mg", started=30), notes=(note("Has not stopped sertraline."),)),
    no("list.stopped", med("Sertraline 50 mg", started=30), notes=(note("Asks when she can stop sertraline."),)),
    no("list.stopped", med("Sertraline 50 mg", started=30), notes=(note("Wants to stop sertraline some day."),)),
    no("list.stopped", med("Sertraline 50 mg", started=3), notes=(note("Stopped sertraline."),)),  # ordered again since
    no("list.stopped", ended("Sertraline 50 mg", 2), notes=(note("Stopped sertraline."),)),
    yes("list.duplicate_class", med("Sertraline 50 mg"), med("Escitalopram 10 mg")),
    no("list.duplicate_class", med("Fluoxetine 40 mg"), med("Fluoxetine 20 mg")),
    no("list.duplicate_class", med("Sertraline 50 mg"), med("Bupropion 150 mg")),
    no("list.duplicate_class", med("Sertraline 50 mg"), ended("Escitalopram 10 mg", 1)),
    yes("list.allergy", med("Lamotrigine 100 mg"), allergies=(allergy("Lamictal"),)),
    yes("list.allergy", med("Ibuprofen 600 mg"), allergies=(allergy("NSAIDs"),)),
    yes("list.allergy", med("Modafinil 100 mg"), allergies=(allergy("Modafinil"),)),  # not in the table: by its name
    no("list.allergy", med("Lamotrigine 100 mg"), allergies=(allergy("Lamotrigine", "resolved"),)),
    no("list.allergy", ended("Lamotrigine 100 mg", 2), allergies=(allergy("Lamotrigine"),)),
    no("list.allergy", med("Lamotrigine 100 mg"), allergies=(allergy("No known allergies"),)),
    yes("list.dose", med("Sertraline 50 mg", "50 mg daily"), notes=(note("Taking sertraline 150 mg each morning."),)),
    yes("list.dose", med("Quetiapine 200 mg", "200 mg at bedtime"), notes=(note("On quetiapine 50 mg."),)),
    no("list.dose", med("Sertraline 50 mg", "50 mg daily"), notes=(note("Taking sertraline 100 mg each morning."),)),
    no("list.dose", med("Sertraline 50 mg", "50 mg daily"), notes=(note("May increase to sertraline 150 mg."),)),
    no("list.dose", med("Propranolol 10 mg", "10 mg three times a day"), notes=(note("On propranolol 10 mg."),)),
    no(
        "list.dose", med("Sertraline", None), notes=(note("On sertraline 150 mg."),)
    ),  # the list has no dose to differ from
    no("list.dose", med("Sertraline 50 mg", "50 mg daily", started=2), notes=(note("On sertraline 150 mg."),)),
    no(
        "list.dose",
        med("Fluoxetine 40 mg", "40 mg every morning"),
        med("Fluoxetine 20 mg", "20 mg every morning"),
        notes=(note("On fluoxetine 60 mg."),),
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=[f"{row.rule}-{n}" for n, row in enumerate(TABLE)])
def test_a_rule_finds_what_it_is_about_and_leaves_the_near_miss_alone(row: Row) -> None:
    found = row.found()
    assert bool(found) is row.expected, [finding.sentence for finding in found]
    assert all(finding.citation and finding.why for finding in found)


def test_every_rule_is_in_the_table_with_what_it_finds_and_what_it_leaves() -> None:
    assert {row.rule for row in TABLE if row.expected} == set(rules())
    assert set(rules()) - {row.rule for row in TABLE if not row.expected} == {
        *("maoi.bupropion", "clozapine.benzodiazepine", "disulfiram.metronidazole")  # a pair like the pairs beside it
    }


def test_no_finding_says_stop_and_each_asks_for_a_review() -> None:
    for finding in (finding for row in TABLE for finding in row.found()):
        words = f"{finding.why} {finding.more} {finding.x.words if finding.rule != 'list.stopped' else ''}"
        assert finding.rule == "list.stopped" or not re.search(r"\bstop\b|\bdiscontinue\b", words)
        assert finding.sentence.startswith("Possible conflict, documented in ")
        assert finding.sentence.endswith("; review.")


@pytest.mark.parametrize(
    ("opioid", "problems", "says"),
    [
        (med("Suboxone 8-2 mg film"), (), "advises against withholding it"),
        (med("Methadone 80 mg", "80 mg daily"), (dx("Opioid use disorder, severe", code="F11.20"),), "manage the risk"),
        (med("Methadone 80 mg daily, dispensed by opioid treatment program"), (), "manage the risk"),
        (med("Methadone 10 mg", "10 mg three times a day for pain"), (dx("Opioid use disorder"),), ""),
        (med("Butrans 10 mcg/hour patch"), (), ""),
        (med("Methadone 10 mg", "10 mg three times a day"), (), "not documented"),
        (med("Oxycodone 5 mg"), (dx("Opioid use disorder"),), ""),
    ],
)
def test_treatment_of_addiction_is_told_from_treatment_of_pain(
    opioid: Medication, problems: tuple[Problem, ...], says: str
) -> None:
    chart = OnFile(medications=(med("Clonazepam 0.5 mg"), opioid), problems=problems, today=TODAY)
    (found,) = [finding for finding in find(chart) if finding.rule == "benzodiazepine.opioid"]
    assert says in found.more
    assert bool(found.more) is bool(says)


def test_both_places_are_named_with_their_sources() -> None:
    (found,) = yes("maoi.serotonergic", med("Phenelzine 15 mg"), med("Sertraline 50 mg", "50 mg daily")).found()
    assert found.ingredients == ("phenelzine", "sertraline")
    assert [place.source.ref for place in (found.x, found.y) if place.source] == [
        *("MedicationRequest/Phenelzine-15-mg-None-active", "MedicationRequest/Sertraline-50-mg-50-mg-daily-active")
    ]
    assert found.sentence == (
        "Possible conflict, documented in the medication list (Phenelzine 15 mg, dose not documented, active since "
        "10/19/2025) and the medication list (Sertraline 50 mg, 50 mg daily, active since 10/19/2025); review."
    )


def test_the_key_changes_with_the_version_of_a_source_and_with_nothing_else() -> None:
    one, other = med("Phenelzine 15 mg"), med("Sertraline 50 mg")
    renewed = replace(other, source=replace(other.source, version="2"))

    def keys(*meds: Medication, today: date = TODAY) -> set[str]:
        return {f.key for f in find(OnFile(medications=meds, today=today)) if f.rule == "maoi.serotonergic"}

    assert keys(one, other) == keys(other, one, today=TODAY + timedelta(days=9))
    assert not keys(one, other) & keys(one, renewed)


@pytest.mark.parametrize(
    ("labs", "unread", "says"),
    [
        (None, frozenset[Section](), "laboratory results are not read, only what notes say of them"),
        ((), frozenset[Section](), "on file; review."),
        ((), frozenset({Section.NOTES}), "notes could not be read"),
    ],
)
def test_what_is_not_on_file_is_never_called_not_done(
    labs: tuple[Lab, ...] | None, unread: frozenset[Section], says: str
) -> None:
    chart = OnFile(medications=(med("Lithium 300 mg"),), labs=labs, unread=unread, today=TODAY)
    (found,) = [finding for finding in find(chart) if finding.rule == "lithium.no_level"]
    assert "no lithium level of the last six months on file" in found.sentence
    assert says in found.sentence
    assert "done" not in found.sentence


def test_a_status_that_is_not_on_file_does_not_mean_ended() -> None:
    chart = OnFile(medications=(med("Phenelzine 15 mg", status=None), med("Sertraline 50 mg")), today=TODAY)
    assert "status not documented" in find(chart)[0].sentence


def test_nothing_on_the_list_finds_nothing() -> None:
    assert find(OnFile(medications=(), problems=(dx("Epilepsy"),), today=TODAY)) == ()


@pytest.mark.parametrize(
    ("words", "rxnorm", "expected"),
    [
        ("Depakote ER 500 mg", None, ["valproate"]),
        ("Symbyax 6-25", None, ["fluoxetine", "olanzapine"]),
        ("Lisinopril-hydrochlorothiazide", None, ["hydrochlorothiazide", "lisinopril"]),
        ("Some tablet", "36437", ["sertraline"]),
        ("Sertraline 50 mg tablet", "312940", ["sertraline"]),  # the code of a product
        ("Desvenlafaxine 50 mg", None, ["desvenlafaxine"]),
        ("Naloxone nasal spray", None, []),
        ("Dextroamphetamine 5 mg", None, ["dextroamphetamine"]),
        ("", None, []),
    ],
)
def test_ingredients_by_code_and_by_name(words: str, rxnorm: str | None, expected: Sequence[str]) -> None:
    assert list(ingredients(words, rxnorm)) == expected


@pytest.mark.parametrize(
    ("words", "milligrams"),
    [
        ("100 mg in the morning and 250 mg at bedtime by mouth (350 mg/day)", 350),
        ("300 mg in the morning and 600 mg at bedtime", 900),
        ("20 mg by mouth twice a day", 40),
        ("1,000 mg TID", 3000),
        ("25 mg every other day", 12.5),
        ("2 tablets daily", 100),
        ("234 mg into the muscle every 4 weeks", None),
        ("15 mg once a week", None),
        ("as directed", None),
    ],
)
def test_daily_doses(words: str, milligrams: float | None) -> None:
    assert daily_mg(med("Sertraline 50 mg", words)) == milligrams
    assert dose_of("") is None


def test_the_table_names_only_what_it_knows_and_no_code_twice() -> None:
    for rule in table()["pairs"]:
        assert all(members(group) for group in (*rule["left"], *rule["right"]))
    assert all(members(group) for rule in table()["conditions"] for group in rule["drugs"])
    codes = [e["rxnorm"] for e in table()["ingredients"].values() if "rxnorm" in e]
    assert len(codes) == len(set(codes))
    with pytest.raises(KeyError, match="knows no ingredient"):
        members("placebo")
