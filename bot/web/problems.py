"""What a page says when it cannot do what was asked. The sentence is shown as it stands and never repeats the input.

Problem
├── BadRequest       400  the request is not one our pages send
├── NotYours         403  not signed in, an old page, or somebody else's
├── NoSuchPage       404
├── TooLarge         413
├── WrongKind        415  not a form
└── TryAgain         503  something Baton needs does not answer
"""


class Problem(Exception):
    status = 500
    title = "Something went wrong"

    def __init__(self, sentence: str, rule: str = "") -> None:
        """`rule`: the code under which the refusal is recorded, where it is to be recorded."""
        super().__init__(sentence)
        self.sentence, self.rule = sentence, rule


class BadRequest(Problem):
    status = 400
    title = "That request could not be read"


class NotYours(Problem):
    status = 403
    title = "Not possible here"


class NoSuchPage(Problem):
    status = 404
    title = "There is nothing here"


class TooLarge(Problem):
    status = 413
    title = "That is too much text"


class WrongKind(Problem):
    status = 415
    title = "That request could not be read"


class TryAgain(Problem):
    status = 503
    title = "Not right now"
