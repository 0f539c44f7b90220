import pytest
from hypothesis import given
from hypothesis import strategies as st

from ehr_clients.fhir_r4.plain_text import from_base64, plain_text

CDA = b"""<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole><id extension="99"/></patientRole>
</recordTarget><component><section><title>Plan</title><text><list><item>Call &amp; ask</item><item>Book</item></list></text></section>
</component></ClinicalDocument>"""
RTF = rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\*\generator Word;}\f0\fs24 Data: slept \b well\b0 , caf\'e9\par Assessment: \u8212?better\tab ok\line {\i end} \{x\}}"


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        (b"Data: x\r\nPlan: y  \n\n\n\nz", "text/plain", "Data: x\nPlan: y\n\nz"),
        ("Zoë".encode("latin-1"), "text/plain; charset=ISO-8859-1", "Zoë"),
        ("Zoë".encode(), "text/plain;charset=utf-8", "Zoë"),
        ("Zoë".encode(), "text/plain; charset=no-such-charset", "Zoë"),
        ("Zoë".encode(), None, "Zoë"),
        (
            b"<p>Data:&nbsp;x<br>y</p><script>alert(1)</script><ul><li>a</li><li>b</li></ul>",
            "text/html",
            "Data: x\ny\na\nb",
        ),
        (b'<div xmlns="http://www.w3.org/1999/xhtml"><p>One</p><p>Two</p></div>', "application/xhtml+xml", "One\nTwo"),
        (CDA, "application/hl7-cda+xml", "Plan\nCall & ask\nBook"),
        (CDA, "text/xml", "Plan\nCall & ask\nBook"),
        (RTF, "application/rtf", "Data: slept well, café\nAssessment: —better\tok\nend {x}"),
        (b"%PDF-1.7", "application/pdf", "(this note is stored as application/pdf; open it in the EHR)"),
        (b"\x89PNG", "image/png", "(this note is stored as image/png; open it in the EHR)"),
        (b"<Invoice/>", "text/xml", "(this note is stored as text/xml; open it in the EHR)"),
    ],
)
def test_every_kind_of_attachment_reads_as_text_or_says_why_not(
    content: bytes, content_type: str | None, expected: str
) -> None:
    assert plain_text(content, content_type) == expected


@given(
    st.binary(max_size=300),
    st.sampled_from(["text/plain", "text/html", "text/xml", "text/rtf", "application/pdf", "x", ""]),
)
def test_no_content_breaks_the_reader(content: bytes, content_type: str) -> None:
    plain_text(content, content_type).encode()


@given(st.text(alphabet="\\{}'u-0159 abpar*<>/&;", max_size=80))
def test_no_markup_breaks_the_reader(text: str) -> None:
    for content_type in ("text/rtf", "text/html", "text/xml"):
        plain_text(text.encode(), content_type).encode()


def test_base64_tolerates_line_breaks_and_names_damage() -> None:
    assert from_base64("SGk\r\nh") == b"Hi!"
    assert from_base64("no base64!") is None
