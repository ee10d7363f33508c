#!/usr/bin/env python3
"""A mail server for tests, which answers as it is told.

Prints a JSON line with its port and the certificate that it is to be trusted by, then one for
each message that it took. Ends when its standard input does.
"""

import argparse
import asyncio
import email
import email.policy
import json
import logging
import os
import ssl
import sys
import warnings

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

HOST = "127.0.0.1"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mail", default="250 2.1.0 ok", help="the answer to MAIL")
    parser.add_argument("--rcpt", default="250 2.1.5 ok", help="the answer to RCPT")
    parser.add_argument("--data", default="250 2.0.0 taken", help="the answer to the message")
    parser.add_argument("--hang", choices=["greeting", "rcpt", "quit"], help="say nothing then")
    parser.add_argument("--tls", choices=["starttls", "implicit"])
    parser.add_argument("--login", metavar="USER:PASSWORD", help="ask for it")
    parser.add_argument("--no-utf8", action="store_true", help="do not offer SMTPUTF8")
    return parser.parse_args()


def tell(fields):
    print(json.dumps(fields), flush=True)


def described(envelope, session, transport):
    """The message as another library reads it."""
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    return {
        "sender": envelope.mail_from,
        "recipients": envelope.rcpt_tos,
        "smtputf8": envelope.smtp_utf8,
        "tls": transport.get_extra_info("ssl_object") is not None,
        "login": session.auth_data.decode() if session.auth_data else None,
        "headers": [[name, str(value)] for name, value in message.items()],
        "content_type": message.get_content_type(),
        "parts": [[part.get_content_type(), part.get_content()] for part in parts],
        "defects": [str(defect) for part in message.walk() for defect in part.defects],
        "bare_line_ends": b"\n" in envelope.original_content.replace(b"\r\n", b""),
    }


class Handler:
    def __init__(self, given):
        self.given = given

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.given.mail.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.given.mail

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.given.hang == "rcpt":
            await asyncio.Event().wait()
        if self.given.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.given.rcpt

    async def handle_DATA(self, server, session, envelope):
        if self.given.data.startswith("250"):
            tell(described(envelope, session, server.transport))
        return self.given.data

    async def handle_QUIT(self, server, session, envelope):
        if self.given.hang == "quit":
            await asyncio.Event().wait()
        return "221 2.0.0 bye"


def authenticator(login):
    def check(server, session, envelope, mechanism, data):
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        given = data.login + b":" + data.password
        taken = given.decode() == login
        return AuthResult(success=taken, handled=False, auth_data=data.login if taken else None)

    return check


async def started(given):
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)
    loop = asyncio.get_running_loop()
    if given.hang == "greeting":
        server = await loop.create_server(asyncio.Protocol, HOST, 0)
        return server, authority
    starttls = given.tls == "starttls"

    def protocol():
        return SMTP(
            Handler(given),
            hostname="smtp.test",
            enable_SMTPUTF8=not given.no_utf8,
            tls_context=context if starttls else None,
            authenticator=authenticator(given.login) if given.login else None,
            auth_required=bool(given.login),
            auth_require_tls=starttls,
        )

    implicit = context if given.tls == "implicit" else None
    return await loop.create_server(protocol, HOST, 0, ssl=implicit), authority


async def main():
    server, authority = await started(arguments())
    port = server.sockets[0].getsockname()[1]
    tell({"port": port, "certificate": authority.cert_pem.bytes().decode()})
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    # What hangs is not waited for.
    sys.stdout.flush()
    os._exit(0)


# It is told to do what its library warns of.
warnings.simplefilter("ignore")
logging.getLogger("mail").setLevel(logging.CRITICAL + 1)
asyncio.run(main())
