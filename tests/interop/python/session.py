"""One Python client with one server, and what went over the wire between them."""
import json
import os
import time
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urljoin, urlparse

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata

URL = os.environ["MCP_URL"]
REDIRECT_URI = "http://127.0.0.1/callback"


async def control(action, **parameters):
    async with httpx2.AsyncClient() as client:
        answer = await client.get(f"{os.environ['CONTROL']}/{action}", params=parameters, timeout=20)
        answer.raise_for_status()
        return answer.json()


class Memory:
    """Tokens and client of one user, and that user with a browser."""

    def __init__(self, client_id=None):
        self.tokens = None
        self.redirects = []
        self.arrived = None
        self.client = client_id and OAuthClientInformationFull(
            client_id=client_id, redirect_uris=[REDIRECT_URI], token_endpoint_auth_method="none"
        )

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens
        self.received = time.time()

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client

    async def redirect(self, url):
        self.redirects.append({name: values[0] for name, values in parse_qs(urlparse(url).query).items()})
        async with httpx2.AsyncClient() as browser:
            while not url.startswith(REDIRECT_URI):
                answer = await browser.get(url, follow_redirects=False)
                assert answer.is_redirect, f"sign-in stopped with {answer.status_code}: {answer.text}"
                url = urljoin(url, answer.headers["location"])
        self.arrived = {name: values[0] for name, values in parse_qs(urlparse(url).query).items()}

    async def callback(self):
        return AuthorizationCodeResult(**{name: self.arrived.get(name) for name in ("code", "state", "iss")})

    def provider(self):
        metadata = OAuthClientMetadata(
            client_name="interop",
            redirect_uris=[REDIRECT_URI],
            grant_types=["authorization_code", "refresh_token"],
            response_types=["code"],
            token_endpoint_auth_method="none",
            application_type="native",
        )
        return OAuthClientProvider(URL, metadata, self, self.redirect, self.callback)


class Recorder(httpx2.AsyncHTTPTransport):
    """Keeps status and headers of every answer."""

    def __init__(self, hide=None):
        # See the README: hyper closes the connection when it refuses a request before its body.
        super().__init__(limits=httpx2.Limits(max_keepalive_connections=0))
        self.exchanges = []
        self.hide = hide

    async def handle_async_request(self, request):
        response = await super().handle_async_request(request)
        self.exchanges.append((response.status_code, dict(response.headers), request.url.path))
        if self.hide and self.hide in response.headers:
            del response.headers[self.hide]
        return response


class Session:
    def __init__(self, client, recorder):
        self.client = client
        self.recorder = recorder

    async def call(self, tool, **parameters):
        result = await self.client.call_tool(tool, parameters)
        assert not result.is_error, result
        return result.content[0].text

    async def whoami(self):
        return json.loads(await self.call("whoami"))


@asynccontextmanager
async def connected(mode, *, token=None, memory=None, recorder=None):
    recorder = recorder or Recorder()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    auth = memory.provider() if memory else None
    async with httpx2.AsyncClient(transport=recorder, headers=headers, auth=auth, timeout=10) as http:
        async with Client(streamable_http_client(URL, http_client=http), mode=mode) as client:
            yield Session(client, recorder)


async def refusal(mode, status, **options):
    """The headers of the first answer of this status. It must keep the client from connecting."""
    recorder = Recorder()
    try:
        async with connected(mode, recorder=recorder, **options):
            pass
    except Exception:
        answers = [headers for code, headers, _ in recorder.exchanges if code == status]
        assert answers, f"no {status} among {recorder.exchanges}"
        assert all(code == status or code < 300 for code, _, path in recorder.exchanges if path == "/mcp"), recorder.exchanges
        return answers[0]
    raise AssertionError("it connected")
