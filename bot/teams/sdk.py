"""The Teams SDK, imported and built in one place, because it does things on the way that we do not want.

Importing it reads a `.env` file of the working directory into the environment, where a setting of ours could hide, or
the switch that turns authentication off; and it warns about features of its own that we do not use.
"""

import os
import warnings
from typing import Unpack

DOTENV_SWITCH = "PYTHON_DOTENV_DISABLED"
_before = os.environ.get(DOTENV_SWITCH)
os.environ[DOTENV_SWITCH] = "1"
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="HtmlWidget")
    from microsoft_teams.api import InvokeResponse
    from microsoft_teams.api.auth.cloud_environment import CloudEnvironment, from_name, with_overrides
    from microsoft_teams.apps import App
    from microsoft_teams.apps.events import ActivityEvent
    from microsoft_teams.apps.http import HttpMethod, HttpRequest, HttpRouteHandler
    from microsoft_teams.apps.options import DANGEROUSLY_ALLOW_UNAUTHENTICATED_REQUESTS_ENV_VAR as OPEN_DOOR_VARIABLE
    from microsoft_teams.apps.options import AppOptions
del os.environ[DOTENV_SWITCH]
if _before is not None:
    os.environ[DOTENV_SWITCH] = _before

__all__ = [
    "OPEN_DOOR_VARIABLE",
    "ActivityEvent",
    "App",
    "CloudEnvironment",
    "HttpMethod",
    "HttpRequest",
    "HttpRouteHandler",
    "InvokeResponse",
    "build",
    "from_name",
    "with_overrides",
]


def build(**options: Unpack[AppOptions]) -> App:
    """An App, without the warning that it uses a deprecated client of its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, message="The .* client is deprecated")
        return App(**options)
