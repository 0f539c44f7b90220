"""What this server says of itself: the CapabilityStatement and the SMART configuration, made from the tables the code
runs on.
"""

from dataclasses import dataclass
from datetime import datetime

from ehr_clients.sandbox import oauth
from ehr_clients.sandbox.outcome import Resource
from ehr_clients.sandbox.params import OF_TYPE, TYPES, Kind, Param, params_of
from ehr_clients.sandbox.query import CONTROLS
from ehr_clients.sandbox.store import instant

_INTERACTIONS = ("read", "vread", "history-instance", "search-type", "create", "update")
_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


@dataclass(frozen=True, slots=True)
class Capability:
    registration: oauth.Registration
    token_path: str
    """Below the root of the server, not below the FHIR base."""
    since: datetime
    conditional_create: bool = True

    def statement(self, base_url: str) -> Resource:
        return {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": instant(self.since),
            "kind": "instance",
            "software": {"name": "Baton sandbox clinic"},
            "implementation": {"description": "Synthetic charts for demos and tests", "url": base_url},
            "fhirVersion": "4.0.1",
            "format": ["json", "application/fhir+json"],
            "rest": [self._rest(base_url)],
        }

    def smart(self, base_url: str) -> dict[str, object]:
        return {
            "token_endpoint": self.token_url(base_url),
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": self._methods(),
            "token_endpoint_auth_signing_alg_values_supported": list(oauth.ALGORITHMS),
            "scopes_supported": self.registration.scopes.split(),
            "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
        }

    def token_url(self, base_url: str) -> str:
        return base_url.rpartition("/")[0] + self.token_path

    def _rest(self, base_url: str) -> Resource:
        uris = [{"url": "token", "valueUri": self.token_url(base_url)}]
        return {
            "mode": "server",
            "security": {
                "extension": [{"url": _OAUTH_URIS, "extension": uris}],
                "service": [{"coding": [{"system": _SERVICE, "code": "SMART-on-FHIR"}]}],
            },
            "resource": [_resource(each, conditional_create=self.conditional_create) for each in sorted(TYPES)],
            "interaction": [{"code": "transaction"}, {"code": "batch"}],
            "searchParam": [{"name": name, "type": "special"} for name in CONTROLS],
        }

    def _methods(self) -> list[str]:
        with_secret = ["client_secret_basic", "client_secret_post"] if self.registration.client_secret else []
        return with_secret + (["private_key_jwt"] if self.registration.jwks else [])


def _resource(resource_type: str, *, conditional_create: bool) -> Resource:
    params = params_of(resource_type)
    return {
        "type": resource_type,
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": False,
        "conditionalCreate": conditional_create,
        "conditionalRead": "not-match",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "searchInclude": [f"{resource_type}:{name}" for name, param in params.items() if param.kind is Kind.REFERENCE],
        "searchRevInclude": [
            f"{source}:{name}" for source, rows in OF_TYPE.items() for name, param in rows.items()
            if _points_at(param, resource_type)
        ],
        "searchParam": [{"name": name, "type": param.kind.value} for name, param in params.items()],
    }  # fmt: skip


def _points_at(param: Param, resource_type: str) -> bool:
    return param.kind is Kind.REFERENCE and (not param.targets or resource_type in param.targets)
