"""Every document held to a running server by schemathesis: with a fixed seed and bounded examples.

No 5xx, no status, header, content type or body that is not documented, no invalid input that is
taken, no valid input that is refused but for the reasons in reasons.py.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
APIS = ("native", "wonolo", "pulse", "platformos", "legalesign")
SEED = "20261121"
# Requests a call in each phase, about.
EXAMPLES = "12"
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,missing_required_header,"
    "unsupported_method,valid_input_is_taken,invalid_input_is_refused,"
    "the_server_looks"
)
# A stream has no end.
LEFT_OUT = ("streamEvents",)
# Calls that wrong credentials are counted by. They are tried last: from some number on, the server
# does not look at what comes from there for a while.
COUNTED = {
    "native": (
        "logIn", "beginPasskeyRegistration", "registerPasskey", "beginPasskeySignIn",
        "signInByPasskey", "askForPasswordReset",
    ),
    "wonolo": ("authorize", "authenticate"),
    "pulse": ("logIn",),
    "platformos": ("logIn",),
    "legalesign": (),
}

# A list of each API that the key may read.
LISTS = {
    "native": "/v1/users",
    "wonolo": "/api_v2/users",
    "pulse": "/users",
    "platformos": "/api/users",
    "legalesign": "/api/v1/group/",
}


def facts(server, api):
    """What hooks.py needs to know of the server."""
    return {
        "api": api,
        "account": server.account,
        "group_slug": server.group["slug"],
        "group_uri": server.group["resource_uri"],
        "people": server.people,
    }


def headers(server, api):
    """The credential as an API takes it."""
    key = server.key
    document = json.loads(
        subprocess.run(
            [*server.command, "openapi", api], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
    )
    template = document["x-muster-authorization"]
    found = [("Authorization", template.format(**key))]
    if api == "pulse":
        found.append(("x-account-id", str(server.account)))
    return found


def command(server, api, counted):
    program = [str(pathlib.Path(sys.executable).with_name("schemathesis")), "run"]
    given = [f"{server.url}/openapi/{api}.json", "--url", server.url, "--seed", SEED]
    given += ["--max-examples", EXAMPLES, "--checks", CHECKS, "--continue-on-failure"]
    given += ["--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all"]
    given += ["--no-color", "--warnings", "off", "--no-shrink"]
    if counted:
        chosen = [("--include-operation-id", name) for name in COUNTED[api]]
    else:
        chosen = [("--exclude-operation-id", name) for name in (*LEFT_OUT, *COUNTED[api])]
    for option, name in chosen:
        given += [option, name]
    for name, value in headers(server, api):
        given += ["--header", f"{name}:{value}"]
    return program + given


def is_let_in(server, api):
    """Whether the API takes the credential: one that answers 401 to everything would hold too."""
    request = urllib.request.Request(server.url + LISTS[api])
    for name, value in headers(server, api):
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status = answer.status
    except urllib.error.HTTPError as refused:
        status = refused.code
    if status != 200:
        print(f"-- {api}: {LISTS[api]} is answered {status} with the credential of the document")
    return status == 200


def check(server, api):
    """Whether the document of an API holds."""
    if not is_let_in(server, api):
        return False
    shutil.copy(HERE / "schemathesis.toml", server.folder)
    held = [run(server, api, counted) for counted in (False, True) if not counted or COUNTED[api]]
    return all(held)


def run(server, api, counted):
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "MUSTER_FACTS": json.dumps(facts(server, api) | {"counted": counted}),
    }
    done = subprocess.run(
        command(server, api, counted), cwd=server.folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    found = [line.strip() for line in lines if "generated" in line]
    name = f"{api}, calls that are counted" if counted else api
    print(f"-- {name}: {'; '.join(found)}" if done.returncode == 0 else done.stdout, flush=True)
    return done.returncode == 0
