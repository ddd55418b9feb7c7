"""The real Python client against the example, with tokens of a real authorization server."""
import asyncio
import base64
import json
import logging
import os
import time
import traceback
from importlib.metadata import version

from session import URL, Memory, Recorder, connected, control, refusal

INVALID = 'Bearer error="invalid_token", scope="mcp:read", resource_metadata="http:'


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


async def until_expired(token):
    await asyncio.sleep(max(0, claims(token)["exp"] - time.time()) + 0.05)


async def until_refresh(memory):
    """The client refreshes by the clock, from when it got the token; after a 401 it would ask its user again."""
    await asyncio.sleep(max(0, memory.received + memory.tokens.expires_in - time.time()))
    await until_expired(memory.tokens.access_token)


def cause(error):
    """The first error in a group of errors."""
    return cause(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def refused(mode, token):
    headers = await refusal(mode, 401, token=token)
    assert headers["www-authenticate"].startswith(INVALID), headers
    async with connected(mode, token=await control("token", resource=URL)) as session:
        await session.whoami()


def check_sign_in(caller, memory, recorder):
    assert (caller["client_id"], caller["subject"]) == (memory.client.client_id, "alice"), caller
    assert caller["audience"] == [URL] and "mcp:read" in caller["scopes"], caller
    status, headers, _ = recorder.exchanges[0]
    assert status == 401
    assert headers["www-authenticate"].startswith('Bearer scope="mcp:read", resource_metadata="http:'), headers
    asked = memory.redirects[-1]
    assert asked["resource"] == URL and asked["code_challenge_method"] == "S256", asked
    assert "mcp:read" in asked["scope"].split(), asked


async def static_token(mode, protocol):
    async with connected(mode, token=await control("token", resource=URL)) as session:
        caller = await session.whoami()
        assert caller["client_id"] == "machine" and caller["audience"] == [URL], caller
        assert session.client.protocol_version == protocol, session.client.protocol_version
        assert all(status != 401 for status, _, _ in session.recorder.exchanges)
    return f"protocol {protocol}"


async def no_token(mode, _):
    headers = await refusal(mode, 401)
    assert "error=" not in headers["www-authenticate"], headers


async def wrong_audience(mode, _):
    await refused(mode, await control("token", resource="http://127.0.0.1:9/other"))


async def bad_token(mode, _):
    header, payload, signature = (await control("token", resource=URL)).split(".")
    middle = len(signature) // 2
    other = "B" if signature[middle] == "A" else "A"
    await refused(mode, f"{header}.{payload}.{signature[:middle]}{other}{signature[middle + 1:]}")


async def expired_token(mode, _):
    await control("ttl", seconds=1)
    token = await control("token", resource=URL)
    await control("ttl", seconds=600)
    await until_expired(token)
    await refused(mode, token)


async def sign_in(mode, memory, recorder):
    async with connected(mode, memory=memory, recorder=recorder) as session:
        check_sign_in(await session.whoami(), memory, recorder)


async def sign_in_registered(mode, _):
    before = await control("counts")
    await sign_in(mode, Memory("registered"), Recorder())
    after = await control("counts")
    assert after["registrations"] == before["registrations"]
    assert after["authorization_code"] == before["authorization_code"] + 1


async def sign_in_registering(mode, _):
    before = await control("counts")
    await sign_in(mode, Memory(), Recorder())
    after = await control("counts")
    assert after["registrations"] == before["registrations"] + 1


async def sign_in_header_hidden(mode, _):
    recorder = Recorder(hide="www-authenticate")
    await sign_in(mode, Memory("registered"), recorder)
    assert "/.well-known/oauth-protected-resource/mcp" in [path for _, _, path in recorder.exchanges]


async def expiry_and_refresh(mode, _):
    await control("ttl", seconds=3)
    memory = Memory("registered")
    async with connected(mode, memory=memory) as session:
        await session.whoami()
        await control("ttl", seconds=600)
        old = memory.tokens.access_token
        await until_refresh(memory)
        before = await control("counts")
        await session.whoami()
        after = await control("counts")
    assert memory.tokens.access_token != old
    assert after["refresh_token"] == before["refresh_token"] + 1
    assert len(memory.redirects) == 1


async def step_up(mode, _):
    memory = Memory("registered")
    async with connected(mode, memory=memory) as session:
        await session.whoami()
        assert claims(memory.tokens.access_token)["scope"] == "mcp:read"
        notes = await session.call("append_note", text="one")
        assert "one" in notes, notes
        challenge = next(headers for status, headers, _ in session.recorder.exchanges if status == 403)["www-authenticate"]
        assert challenge.startswith('Bearer error="insufficient_scope", scope="mcp:read mcp:write"'), challenge
        await session.whoami()
    assert len(memory.redirects) == 2
    granted = claims(memory.tokens.access_token)["scope"].split()
    assert {"mcp:read", "mcp:write"} <= set(granted), granted


async def key_rotation(mode, _):
    staying = await control("token", resource=URL)
    await control("ttl", seconds=3)
    memory = Memory("registered")
    async with connected(mode, memory=memory) as session:
        await session.whoami()
        await control("ttl", seconds=600)
        before = await control("counts")
        await control("rotate")
        await until_refresh(memory)
        await session.whoami()
        after = await control("counts")
    assert after["key_sets"] > before["key_sets"]
    assert after["refresh_token"] == before["refresh_token"] + 1
    assert len(memory.redirects) == 1
    # The withdrawn key is no longer trusted.
    await refused(mode, staying)


async def issuer_down_keys_known(mode, _):
    async with connected(mode, memory=Memory("registered")) as session:
        await control("down")
        try:
            await session.whoami()
        finally:
            await control("up")


async def issuer_down_no_keys(mode, _):
    memory = Memory("registered")
    async with connected(mode, memory=memory) as session:
        await session.whoami()
    token = memory.tokens.access_token
    await control("down")
    await control("restart")
    headers = await refusal(mode, 503, memory=memory)
    assert headers["retry-after"].isdigit() and "www-authenticate" not in headers, headers
    await control("up")
    began = time.monotonic()
    while True:
        recorder = Recorder()
        try:
            async with connected(mode, memory=memory, recorder=recorder) as session:
                await session.whoami()
            break
        except Exception:
            if time.monotonic() > began + 5 or all(status != 503 for status, _, _ in recorder.exchanges):
                raise
            await asyncio.sleep(0.25)
    assert memory.tokens.access_token == token
    assert len(memory.redirects) == 1


SCENARIOS = {
    "static token": static_token,
    "no token": no_token,
    "wrong audience": wrong_audience,
    "bad token": bad_token,
    "expired token": expired_token,
    "sign-in, registered client": sign_in_registered,
    "sign-in, dynamic registration": sign_in_registering,
    "sign-in, header hidden": sign_in_header_hidden,
    "expiry and refresh in mid-session": expiry_and_refresh,
    "step-up to mcp:write": step_up,
    "key rotation in mid-session": key_rotation,
    "issuer down, keys known": issuer_down_keys_known,
    "issuer down, no keys: 503, tokens kept": issuer_down_no_keys,
}


async def report(client, scenario, run):
    line = {"client": client, "scenario": scenario, "outcome": "ok"}
    began = time.monotonic()
    try:
        line["detail"] = await asyncio.wait_for(run, 40)
    except Exception as error:
        line |= {"outcome": "FAILED", "detail": str(cause(error)) or repr(cause(error))}
        traceback.print_exception(cause(error))
    line["milliseconds"] = round((time.monotonic() - began) * 1000)
    print(f"{client}: {scenario}: {line['outcome']}" + (f" ({line['detail']})" if line.get("detail") else ""), flush=True)
    if "RESULTS" in os.environ:
        with open(os.environ["RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


async def main():
    only = os.environ.get("ONLY")
    for mode, protocol in (("legacy", "2025-11-25"), ("auto", "2026-07-28")):
        for scenario, run in SCENARIOS.items():
            if not only or scenario in only.split(","):
                await report(f"Python {version('mcp')}, {protocol}", scenario, run(mode, protocol))


logging.getLogger("mcp").setLevel(logging.CRITICAL)
asyncio.run(main())
