"""A Django project in one file, with django-oauth-toolkit as its only app of note.

Access tokens of the toolkit are random texts, so this file has the generator of JWTs that a project
has to write. SIGNING_KEY and OLD_KEYS name PEM files; keys are rotated as in production, with new
settings and a restart.
"""

import os
import time
import uuid
from pathlib import Path

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.urls import include, path

ISSUER = os.environ["ISSUER"]
FOLDER = Path(os.environ["FOLDER"])


def access_token(request):
    """A JWT as RFC 9068 describes it, for the `resource` of the request."""
    from jwcrypto import jwt
    from oauth2_provider.settings import oauth2_settings
    from oauth2_provider.utils import jwk_from_pem

    key = jwk_from_pem(oauth2_settings.OIDC_RSA_PRIVATE_KEY)
    now = int(time.time())
    client = request.client.client_id
    claims = {
        "iss": ISSUER,
        "sub": str(request.user.pk) if request.user else client,
        "aud": request.resource,
        "client_id": client,
        "scope": " ".join(request.scopes),
        "iat": now,
        "exp": now + request.expires_in,
        "jti": str(uuid.uuid4()),
    }
    token = jwt.JWT(header={"alg": "RS256", "typ": "at+jwt", "kid": key.thumbprint()}, claims=claims)
    token.make_signed_token(key)
    return token.serialize()


def expires_in(request):
    return 2 if "short" in request.scopes else 600


# With OPAQUE, tokens stay the random texts of the toolkit.
GENERATORS = {} if os.environ.get("OPAQUE") else {
    "ACCESS_TOKEN_GENERATOR": f"{__name__}.access_token",
    # Without this line the generator of access tokens makes the refresh tokens too.
    "REFRESH_TOKEN_GENERATOR": "oauthlib.oauth2.rfc6749.tokens.random_token_generator",
}

settings.configure(
    SECRET_KEY="only-for-this-test",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "db.sqlite"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    OAUTH2_PROVIDER={
        **GENERATORS,
        "EXTRA_SERVER_KWARGS": {"token_expires_in": expires_in},
        "OIDC_ENABLED": True,
        "OIDC_ISS_ENDPOINT": ISSUER,
        "OIDC_RSA_PRIVATE_KEY": Path(os.environ["SIGNING_KEY"]).read_text(),
        "OIDC_RSA_PRIVATE_KEYS_INACTIVE": [
            Path(file).read_text() for file in os.environ["OLD_KEYS"].split(",") if file
        ],
        "SCOPES": {"openid": "", "mcp:read": "", "mcp:write": "", "short": "", "introspection": ""},
    },
)
django.setup()
urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]

if __name__ == "__main__":
    execute_from_command_line()
