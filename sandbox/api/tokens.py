"""Tokens of the sandbox: an OpenID provider of its own, whose key lies in the sandbox's state folder."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import JsonValue

from quantos.environment.settings.functions import ApiSettings
from quantos.errors import AccessError

ALGORITHM: Final = "ES256"
LIFETIME_SECONDS: Final = 8 * 3600
_KEY_FILE: Final = "api-key.pem"


@dataclass(frozen=True)
class TokenIssuer:
    """Signs tokens and checks them, as the environment's issuer and its gateway would. `now` is epoch seconds."""

    key: ECKey
    api: ApiSettings
    now: Callable[[], float] = time.time

    def token(self, team: str, subject: str, *, scopes: Sequence[str]) -> str:
        """A token of a member of a team."""
        issued = int(self.now())
        claims: dict[str, JsonValue] = {
            "iss": self.api.issuer,
            "aud": self.api.audiences[0],
            "sub": subject,
            self.api.team_claim: team,
            "scope": " ".join(scopes),
            "iat": issued,
            "exp": issued + LIFETIME_SECONDS,
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self.key)

    def claims(self, token: str) -> Mapping[str, JsonValue]:
        """The claims of a token that the gateway lets in. Raises AccessError for any other."""
        try:
            claims = jwt.decode(token, self.key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError) as exc:
            raise _refused(f"it cannot be read: {exc}") from exc
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self.api.issuer:
            raise _refused("it is another issuer's")
        if not set(named) & set(self.api.audiences):
            raise _refused("it is for another audience")
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or expires <= self.now():
            raise _refused("it has expired")
        return claims


def open_issuer(state_dir: Path, api: ApiSettings) -> TokenIssuer:
    """The issuer of a sandbox; its key is made on first need, and goes with the state folder."""
    path = state_dir / _KEY_FILE
    if not path.exists():
        partial = path.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
        partial.replace(path)
    return TokenIssuer(ECKey.import_key(path.read_bytes()), api)


def _refused(why: str) -> AccessError:
    return AccessError(f"the token is not taken: {why}", remedy="ask for a new one: `quantos sandbox token`")
