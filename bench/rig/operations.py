"""What is measured, as data: adding an operation is one entry here, and one call for each kind
of server that has it. A peer's calls stand in its own folder.

In paths and bodies, `$name` is a value that the server knows (a credential, an account), and
`<name>` changes with each request: `<id>`, `<uid>`, `<member>`, `<cursor>` … are drawn from the
server's lists of those names; `<n>` counts, `<run>` is of this run, `<d>` is 00 to 99.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Call:
    """One HTTP request, and what a right answer is."""

    method: str
    path: str
    headers: tuple = ()
    body: str = ""
    status: int = 200
    # How often this text is in a right answer at least; checked once, before any load.
    holds: str = ""
    times: int = 1
    # Sizes below have no such call: a page that is not there.
    least_size: int = 0
    # So slow that a run waits for the last answer: with most requests under way at its end, what
    # was answered until then would say little.
    slow: bool = False
    # A run lasts so many times as long as others: for the same reason, where answers take a
    # while.
    stretch: int = 1


@dataclass(frozen=True)
class Operation:
    """Something that servers are compared by."""

    name: str
    title: str
    calls: dict = field(default_factory=dict)
    # It adds rows: a server starts again from a fresh copy when it has grown too much.
    grows: bool = False
    # Measured at every size; others up to the size that a server says.
    large: bool = False
    # Part of `--quick`.
    quick: bool = False


V1 = ("authorization: Bearer $token",)
PULSE = (*V1, "x-account-id: $account")
PLATFORMOS = ("authorization: Token token=$token",)
LEGALESIGN = ("authorization: ApiKey $key:$secret",)

PERSON = (
    '"email":"<run>-<n>@example.com","first_name":"Ada","last_name":"Lovelace<d>",'
    '"phone":"+4420794600<d>","external_id":"<run>-<n>",'
    '"title":"Site supervisor","timezone":"Europe/London"'
)
PASSWORD = "Tide-plank7-ferry"
PULSE_PERSON = '{"email":"<run>-<n>@example.com","name":"Ada Lovelace<d>","phone":"+4420794600<d>"}'
FORM = '{"form_configuration_name":"reference_rest_api_create_user","form":{%s}}'
PLATFORMOS_PERSON = (
    '"email":"<run>-<n>@example.com","first_name":"Ada","last_name":"Lovelace<d>",'
    '"external_id":"<run>-<n>"'
)
LEGALESIGN_PERSON = (
    '"email":"<run>-<n>@example.com","first_name":"Ada","last_name":"Lovelace<d>",'
    '"timezone":"Europe/London","groups":"$group","permission":"2"'
)
WONOLO_PERSON = (
    "token=$wonolo&user[type]=Worker&user[first_name]=Ada&user[last_name]=Lovelace<d>"
    "&user[email]=<run>-<n>%40example.com&user[external_id]=<run>-<n>"
    f"&user[password]={PASSWORD}&user[password_confirmation]={PASSWORD}"
)


def _with_password(person):
    return f'{{{person},"password":"{PASSWORD}"}}'


def _muster(*call, **rest):
    return {"muster": Call(*call, **rest)}


def _both(muster, limit):
    return {"muster": muster, "limit": limit}


GET = Call("GET", "/v1/users/<id>", V1, holds='"email":')
CREATE = Call("POST", "/v1/users", V1, f"{{{PERSON}}}", 201, holds='"email":')
LIST = Call("GET", "/v1/users?last_name=Lovelace<d>&limit=50", V1, holds='"email":', times=50)
FIRST = Call("GET", "/v1/users?limit=50", V1, holds='"email":', times=50)
WALK = Call("GET", "/v1/users?limit=50&cursor=<cursor>", V1, holds='"email":')

LIMIT_GET = Call("GET", "/users/<id>", V1, holds='"email":')
LIMIT_CREATE = Call("POST", "/users", V1, f"{{{PERSON}}}", 201, holds='"email":')
LIMIT_LIST = Call("GET", "/users?last_name=lovelace<d>&limit=50", V1, holds='"email":', times=50)
LIMIT_FIRST = Call("GET", "/users?limit=50", V1, holds='"email":', times=50)
LIMIT_WALK = Call("GET", "/users?limit=50&after=<id>", V1, holds='"data":')

# A page by its number, at the end of all: with smaller numbers of users, both answer faster than
# the rig can ask.
PAGE_WONOLO = Call(
    "GET",
    "/api_v2/users?token=$wonolo&page=$page&per=50",
    holds='"email":',
    times=50,
    least_size=100_000,
    slow=True,
)
LIMIT_PAGE = Call(
    "GET",
    "/page?limit=50&offset=$offset",
    V1,
    holds='"email":',
    times=50,
    least_size=100_000,
    slow=True,
)

OPERATIONS = [
    Operation(
        "get",
        "get by id, /v1",
        {**_both(GET, LIMIT_GET), "static": Call("GET", "/users/<n>", holds='"email":')},
        large=True,
        quick=True,
    ),
    Operation(
        "get-wonolo",
        "get by id, Wonolo",
        _muster("GET", "/api_v2/users/<id>?token=$wonolo", holds='"email":'),
    ),
    Operation(
        "get-pulse",
        "get by id, Pulse",
        _muster("GET", "/users/<member>", PULSE, holds='"email":'),
    ),
    Operation(
        "get-platformos",
        "get by id, platformOS",
        _muster("GET", "/api/users/<id>", PLATFORMOS, holds='"email":'),
    ),
    Operation(
        "get-legalesign",
        "get by id, Legalesign",
        _muster("GET", "/api/v1/user/<uid>/", LEGALESIGN, holds='"email":'),
    ),
    Operation(
        "list",
        "list 50 by last name",
        _both(LIST, LIMIT_LIST),
        large=True,
        quick=True,
    ),
    # What a page costs that does not count all rows: Muster never does.
    Operation("list-uncounted", "list 50 by last name, uncounted"),
    Operation("first", "first page of 50", _both(FIRST, LIMIT_FIRST), large=True, quick=True),
    Operation(
        "walk",
        "page of 50 anywhere, by cursor",
        _both(WALK, LIMIT_WALK),
        large=True,
        quick=True,
    ),
    Operation("walk-uncounted", "page of 50 anywhere, uncounted"),
    Operation(
        "list-wonolo",
        "list 50 by last name, Wonolo",
        _muster(
            "GET",
            "/api_v2/users?token=$wonolo&last_name=Lovelace<d>&per=50",
            holds='"email":',
            times=50,
        ),
    ),
    Operation(
        "page-wonolo",
        "last page of 50 by its number, Wonolo",
        _both(PAGE_WONOLO, LIMIT_PAGE),
        large=True,
    ),
    Operation(
        "authorize-wonolo",
        "authorize, Wonolo",
        _muster(
            "POST",
            "/api_v2/authorize",
            (),
            "api_key=$key&secret_key=$secret",
            holds='"token":',
        ),
    ),
    Operation(
        "update",
        "update, /v1",
        _muster("PATCH", "/v1/users/<id>", V1, '{"title":"Engineer <run>-<n>"}', holds="Engineer"),
    ),
    Operation(
        "create",
        "create, /v1",
        _both(CREATE, LIMIT_CREATE),
        grows=True,
        large=True,
        quick=True,
    ),
    Operation(
        "create-pulse",
        "create, Pulse",
        _muster("POST", "/users", PULSE, PULSE_PERSON, 201, holds='"email":'),
        grows=True,
    ),
    Operation(
        "create-platformos",
        "create, platformOS",
        _muster("POST", "/api/users", PLATFORMOS, FORM % PLATFORMOS_PERSON, 201, holds='"id":'),
        grows=True,
    ),
    Operation(
        "create-legalesign",
        "create, Legalesign",
        _muster("POST", "/api/v1/user/", LEGALESIGN, f"{{{LEGALESIGN_PERSON}}}", 201),
        grows=True,
    ),
    Operation(
        "password",
        "create with a password, /v1",
        _muster("POST", "/v1/users", V1, _with_password(PERSON), 201, holds='"email":', slow=True),
        quick=True,
    ),
    Operation(
        "login",
        "log in with a password, /v1",
        _muster(
            "POST",
            "/v1/sessions",
            (),
            f'{{"email":"<login>","password":"{PASSWORD}"}}',
            201,
            holds='"token":',
            slow=True,
        ),
        grows=True,
        quick=True,
    ),
    Operation(
        "password-wonolo",
        "create with a password, Wonolo",
        _muster("POST", "/api_v2/users", (), WONOLO_PERSON, 201, holds='"email":', slow=True),
    ),
    Operation(
        "password-platformos",
        "create with a password, platformOS",
        _muster(
            "POST",
            "/api/users",
            PLATFORMOS,
            FORM % f'{PLATFORMOS_PERSON},"password":"{PASSWORD}"',
            201,
            holds='"id":',
            slow=True,
        ),
    ),
    Operation(
        "password-legalesign",
        "create with a password, Legalesign",
        _muster(
            "POST", "/api/v1/user/", LEGALESIGN, _with_password(LEGALESIGN_PERSON), 201, slow=True
        ),
    ),
]
