"""Runs the vendor's published client as it is: users, groups, members, invitations,
subscriptions, its errors and its pages.

    client.py sync|async SETTING
"""

import asyncio
import inspect
import json
import sys
from datetime import datetime

import legalesign
from legalesign import AsyncLegalesign, Legalesign
from legalesign.pagination import AsyncMyOffsetPage, SyncMyOffsetPage
from legalesign.types.group_list_response import Object as Group
from legalesign.types.member_response import MemberResponse

kind, setting = sys.argv[1], json.loads(sys.argv[2])
make, page = {
    "sync": (Legalesign, SyncMyOffsetPage),
    "async": (AsyncLegalesign, AsyncMyOffsetPage),
}[kind]


def client(api_key):
    return make(
        api_key=api_key,
        base_url=setting["base_url"],
        max_retries=0,
        # Refuses an answer of any other shape than the client's own types.
        _strict_response_validation=True,
    )


async def got(answer):
    return await answer if inspect.isawaitable(answer) else answer


async def refused(error, call):
    try:
        await got(call())
    except error as cause:
        assert type(cause) is error, cause
        return cause
    raise AssertionError(f"no {error.__name__}")


def last_part(uri):
    return uri.rstrip("/").rsplit("/", 1)[1]


USER = dict(
    email="client@example.org",
    first_name="Ada",
    last_name="Lovelace",
    password="Tide-plank7",
    timezone="Europe/London",
    groups="crowd",
    permission="2",
)


async def users(own):
    made = await got(own.user.with_raw_response.create(**USER))
    assert made.status_code == 201 and await got(made.parse()) is None
    user_id = last_part(made.headers["location"])
    shown = await got(own.user.retrieve(user_id))
    assert shown.username == user_id and shown.timezone == "Europe/London"
    assert isinstance(shown.date_joined, datetime) and shown.last_login is None
    assert shown.groups == ["/api/v1/group/crowd/"], shown
    await got(own.user.update(user_id, first_name="Augusta"))
    assert (await got(own.user.retrieve(user_id))).first_name == "Augusta"
    verified = {**USER, "email": "verify@example.org"}
    del verified["password"]
    sent = await got(own.user.with_raw_response.create(**verified))
    assert sent.status_code == 201 and "location" not in sent.headers


async def groups(own):
    await got(own.group.create(name="Client's own", xframe_allow=True))
    shown = await got(own.group.retrieve("client-s-own"))
    assert shown.xframe_allow and shown.members == [] and shown.is_active
    await got(own.group.update("client-s-own", public_name="Ours"))
    assert (await got(own.group.retrieve("client-s-own"))).public_name == "Ours"


async def members(own):
    group = "/api/v1/group/client-s-own/"
    added = await got(
        own.member.with_raw_response.create(email=USER["email"], group=group, permission=6)
    )
    member_id = last_part(added.headers["location"])
    shown = await got(own.member.retrieve(member_id))
    assert shown.permission == 6 and shown.group == group
    listed = await got(own.member.list(group="client-s-own"))
    assert [each.resource_uri for each in listed.objects] == [shown.resource_uri]
    assert listed.meta.total_count == 1 and listed.meta.next is None
    await got(own.member.delete(member_id))
    await refused(legalesign.NotFoundError, lambda: own.member.retrieve(member_id))


async def invited(own):
    await got(
        own.member.create(email="new@example.org", group="client-s-own", do_email=False)
    )
    listed = await got(own.invited.list(group="client-s-own"))
    assert [each.email for each in listed.objects] == ["new@example.org"]
    assert {each.email for each in (await got(own.invited.list())).objects} == {
        "new@example.org",
        "verify@example.org",
    }
    await got(own.invited.delete(last_part(listed.objects[0].resource_uri)))
    assert (await got(own.invited.list(group="client-s-own"))).objects == []


async def subscriptions(own):
    url = "https://hooks.example.org/client"
    await got(own.subscribe.create_webhook(notify="realtime", url=url))
    await got(
        own.subscribe.create_webhook(
            notify="sent", url=url, group="crowd", event_filter="recipient.*"
        )
    )
    first, second = await got(own.notifications.list())
    assert (first.notify_when, first.group_id, first.event_filter) == (10, None, "")
    assert (second.notify_when, second.event_filter) == (3, "recipient.*")
    assert first.active and first.url == url
    await got(
        own.unsubscribe.delete_webhook(
            url=url, group=second.group_id, event_filter="recipient.*"
        )
    )
    assert len(await got(own.notifications.list())) == 1
    await got(own.unsubscribe.delete_webhook(url=url))
    assert await got(own.notifications.list()) == []


async def errors(own):
    poor = await refused(
        legalesign.BadRequestError, lambda: own.user.create(**{**USER, "password": "Aa1!"})
    )
    length = ["Ensure this value has at least 8 characters"]
    taken = ["A user with this email already exists."]
    assert poor.body == {"user": {"password": length, "email": taken}}, poor.body
    exists = await refused(
        legalesign.BadRequestError,
        lambda: own.member.create(email=USER["email"], group="crowd"),
    )
    told = "User is already a member of the group"
    assert exists.body == {"member": {"exists": told}}, exists.body
    await refused(legalesign.NotFoundError, lambda: own.user.retrieve("0" * 32))
    await refused(legalesign.NotFoundError, lambda: own.group.retrieve("nowhere"))
    limit = await refused(legalesign.BadRequestError, lambda: own.group.list(limit="x"))
    assert "Invalid limit 'x' provided" in limit.body["error"]
    reader = client(setting["reader"])
    await refused(
        legalesign.PermissionDeniedError, lambda: reader.group.create(name="Mine")
    )
    nobody = client("ApiKey 1-nobody:wrong")
    for _ in range(10):
        await refused(legalesign.AuthenticationError, lambda: nobody.group.list())
    slow = await refused(legalesign.RateLimitError, lambda: nobody.group.list())
    assert int(slow.response.headers["retry-after"]) > 0


async def paths_lead_on(own):
    """A path without its last slash: the client follows."""
    group = await got(own.get("/group/crowd", cast_to=Group))
    assert group.slug == "crowd"


async def walked(own, path, model, **params):
    """Every object of a list, by the client's own pages."""
    listed = own.get_api_list(
        path, page=page[model], model=model, options={"params": params}
    )
    if kind == "sync":
        return list(listed)
    return [each async for each in listed]


async def pages_of_groups(own):
    # Two of the list's own, and that which was made above.
    expected = setting["groups"] + 1
    for params in ({}, {"limit": 7}, {"limit": 0}):
        found = await walked(own, "/group/", Group, **params)
        assert len({each.slug for each in found}) == len(found) == expected, params
    seen, offset = [], 0
    while True:
        listed = await got(own.group.list(limit=20, offset=offset))
        assert listed.meta.total_count == expected and listed.meta.offset == offset
        seen += listed.objects
        if listed.meta.next is None:
            break
        offset += listed.meta.limit
    assert len({each.slug for each in seen}) == len(seen) == expected


async def pages_of_members(own):
    expected = setting["members"] + 1  # and who was made above
    for limit in (250, 1000):
        params = {"group": "crowd", "limit": limit}
        found = await walked(own, "/member/", MemberResponse, **params)
        ids = {each.resource_uri for each in found}
        assert len(ids) == len(found) == expected, (limit, len(found))
    most = await got(own.member.list(group="crowd", limit=5000))
    assert len(most.objects) == most.meta.limit == 1000
    whole = await got(own.group.retrieve("crowd"))
    assert len(whole.members) == 1000


STEPS = [
    users,
    groups,
    members,
    invited,
    subscriptions,
    errors,
    paths_lead_on,
    pages_of_groups,
    pages_of_members,
]


async def run():
    own = client(setting["key"])
    for step in STEPS:
        await step(own)
    print(f"{len(STEPS)} of {len(STEPS)} held")


asyncio.run(run())
