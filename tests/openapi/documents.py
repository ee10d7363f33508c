"""Every document held to a running server by schemathesis: with a fixed seed and bounded examples.

No 5xx, no status, header, content type or body that is not documented, no invalid input that is
taken, no valid input that is refused but for the reasons in reasons.py.
"""

import json
import os
import pathlib
import subprocess
import sys
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
APIS = ("native", "wonolo", "pulse", "platformos", "legalesign")
SEED = "20261121"
# Requests a call in each phase, about.
EXAMPLES = "12"
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,missing_required_header,"
    "unsupported_method,valid_input_is_taken,invalid_input_is_refused"
)
# A stream has no end.
LEFT_OUT = ("streamEvents",)


def facts(server, api):
    """What hooks.py needs to know of the server."""
    return {
        "api": api,
        "account": server.account,
        "group_slug": server.group["slug"],
        "group_uri": server.group["resource_uri"],
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


def command(server, api, report):
    program = [str(pathlib.Path(sys.executable).with_name("schemathesis")), "run"]
    given = [f"{server.url}/openapi/{api}.json", "--url", server.url, "--seed", SEED]
    given += ["--max-examples", EXAMPLES, "--checks", CHECKS, "--continue-on-failure"]
    given += ["--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all"]
    given += ["--no-color", "--warnings", "off", "--report-json-path", str(report), "--no-shrink"]
    for operation in LEFT_OUT:
        given += ["--exclude-operation-id", operation]
    for name, value in headers(server, api):
        given += ["--header", f"{name}:{value}"]
    return program + given


def check(server, api):
    """Whether the document of an API holds."""
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "MUSTER_FACTS": json.dumps(facts(server, api)),
    }
    report = server.folder / f"{api}.json"
    done = subprocess.run(
        command(server, api, report), cwd=server.folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    print(f"-- {api}")
    print(done.stdout if done.returncode else done.stdout.splitlines()[-1], flush=True)
    return done.returncode == 0
