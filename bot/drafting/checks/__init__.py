"""Source checks: one story per file, each a plain rule over a drafted sentence and the words of the sources it cites.

No rule asks a model. Each errs towards taking a sentence out: the template's own line then stands in its place.
"""
