"""Progress notes: which documents are notes, which of several attachments to read, and their text."""

from collections.abc import Mapping

from ehr_clients.codes import DOCUMENT
from ehr_clients.fhir_r4.labels import labels_of
from ehr_clients.fhir_r4.plain_text import PREFERRED, from_base64, media_type, plain_text
from ehr_clients.fhir_r4.values import (
    Json,
    codings,
    display,
    many,
    moment,
    newest_first,
    pick,
    ref_of,
    reference,
    references,
    source,
    string,
    words,
)
from ehr_clients.models import Note

DAMAGED = "(the text of this note is damaged in the EHR; open it there)"
UNREAD = "(the text of this note could not be read from the EHR now; open it there)"
ELSEWHERE = "(the text of this note is kept on another server; open it in the EHR)"
EMPTY = "(this note has no text in the EHR)"
_ORDER = "ServiceRequest/"
_WITHDRAWN = frozenset({"entered-in-error", "superseded"})


def written(document: Json) -> str | None:
    """The note's own date as sent: when it was written, else when its text was, else when the visit began."""
    return (
        string(document.get("date"))
        or string(pick(document, "content", "attachment", "creation"))
        or string(pick(document, "context", "period", "start"))
    )


def current_notes(documents: list[Json]) -> list[Json]:
    """Newest first, without withdrawn and replaced documents and without those that stand in for other resources."""
    replaced = {target for document in documents for target in _replaces(document)}
    return newest_first(
        [
            document
            for document in documents
            if string(document.get("status")) not in _WITHDRAWN
            and string(document.get("docStatus")) != "entered-in-error"
            and ref_of(document) not in replaced
            and not any(
                system == DOCUMENT for category in many(document.get("category")) for system, _ in codings(category)
            )
        ],
        written,
    )


def attachment(document: Json) -> Json:
    """The attachment that reads best as plain text; {} when there is none."""
    found = [attached for content in many(document.get("content")) for attached in many(content.get("attachment"))]
    return min(found, key=_preference, default={})


def address(document: Json) -> str | None:
    """Where the text is to be fetched, when the document does not hold it itself."""
    chosen = attachment(document)
    return None if string(chosen.get("data")) else string(chosen.get("url"))


def note(document: Json, names: Mapping[str, str], fetched: Mapping[str, str]) -> Note:
    """`names`: reference -> name of staff. `fetched`: reference of the document -> text that was kept elsewhere."""
    author = pick(document, "author")
    author_ref = reference(author)
    name = display(author) or names.get(author_ref or "")
    title = words(document.get("type")) or "Note"
    status = string(document.get("docStatus"))
    return Note(
        source=source(document, title, written(document), name),
        labels=labels_of(document),
        kind=title,
        text=fetched.get(ref_of(document)) or _own_text(document),
        when=moment(written(document)),
        author=name,
        author_ref=author_ref,
        signed={"final": True, "amended": True, "preliminary": False}.get(status or ""),
        amended=status == "amended" or bool(_replaces(document)),
        for_referrals=tuple(ref for ref in references(pick(document, "context", "related")) if ref.startswith(_ORDER)),
    )


def _own_text(document: Json) -> str:
    chosen = attachment(document)
    data = string(chosen.get("data"))
    if data is None:
        return UNREAD if string(chosen.get("url")) else EMPTY
    content = from_base64(data)
    return DAMAGED if content is None else plain_text(content, string(chosen.get("contentType"))) or EMPTY


def _replaces(document: Json) -> list[str]:
    return [
        target
        for relation in many(document.get("relatesTo"))
        if string(relation.get("code")) == "replaces" and (target := reference(relation.get("target")))
    ]


def _preference(attached: Json) -> int:
    media = media_type(string(attached.get("contentType")))
    return PREFERRED.index(media) if media in PREFERRED else len(PREFERRED)
