"""A browser without a screen: opens pages of the console, presses buttons by their label, keeps cookies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import aiohttp
from aiohttp.test_utils import TestClient


@dataclass
class PostedForm:
    """One form as the page drew it. `buttons`: label -> name and value it sends."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)  # of its list to choose from


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[PostedForm] = []
        self.text: list[str] = []
        self._open: PostedForm | None = None
        self._button: tuple[str, str] | None = None
        self._area: str | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                self._open = PostedForm(has["action"])
                self.forms.append(self._open)
            case "input" if self._open and "name" in has:
                self._open.fields[has["name"]] = has.get("value", "")
            case "option" if self._open and has.get("value"):
                self._open.options.append(has["value"])
            case "textarea":
                self._area, self._words = has["name"], []
            case "button":
                self._button, self._words = (has.get("name", ""), has.get("value", "")), []
            case _:
                return

    def handle_data(self, data: str) -> None:
        self._words.append(data)
        self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        if self._open and tag == "textarea" and self._area:
            self._open.fields[self._area] = "".join(self._words).removeprefix("\n")
        if self._open and tag == "button" and self._button:
            self._open.buttons["".join(self._words).strip()] = self._button


@dataclass
class Page:
    status: int
    url: str
    html: str
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        """What a person reads, without markup."""
        return " ".join(" ".join(_read(self.html).text).split())

    @property
    def forms(self) -> list[PostedForm]:
        return _read(self.html).forms

    def form(self, button: str) -> PostedForm:
        """The first form with a button whose label holds these words."""
        return next(form for form in self.forms if any(button in label for label in form.buttons))


def _read(html: str) -> _Forms:
    parser = _Forms()
    parser.feed(html)
    return parser


@dataclass
class Visitor:
    client: "TestClient[aiohttp.web.Request, aiohttp.web.Application]"

    async def open(self, address: str) -> Page:
        async with self.client.get(address) as answer:
            return await _page(answer)

    async def press(self, page: Page, button: str, **changes: str) -> Page:
        """Presses a button as a browser does: the form's fields, then the button's own. Changes replace fields."""
        form = page.form(button)
        name, value = next(sent for label, sent in form.buttons.items() if button in label)
        return await self.send(form.action, form.fields | ({name: value} if name else {}) | changes)

    async def send(self, address: str, fields: Mapping[str, str]) -> Page:
        async with self.client.post(address, data=dict(fields)) as answer:
            return await _page(answer)

    async def be(self, person: str) -> Page:
        page = await self.open("/console/people")
        fields = page.forms[0].fields | {"person": person, "conversation": "harbor"}
        return await self.send("/console/be", fields)

    async def say(self, page: Page, text: str) -> Page:
        form = next(form for form in page.forms if "text" in form.fields)
        return await self.send(form.action, form.fields | {"text": text})


async def _page(answer: aiohttp.ClientResponse) -> Page:
    return Page(answer.status, str(answer.real_url), await answer.text(), answer.headers)
