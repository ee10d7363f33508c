"""What the world was told, held against the directory: by feed, by stream and by webhook."""

import copy
from collections import Counter, defaultdict

CREATED = "user_created"
# Seconds between the time that an attempt says and its arrival: no attempt lasts longer.
FRESH = 16


def still_open(webhook):
    """SELECTs of what waits: for a place in the feed, or to be delivered to a webhook."""
    return {
        "unplaced": "SELECT id FROM events WHERE position IS NULL",
        "pending": "SELECT event_id, lease IS NOT NULL AS taken FROM deliveries "
        f"WHERE due_at IS NOT NULL AND lane = 'webhook:{webhook}'",
    }


def stored(webhook):
    """SELECTs of the places in the feed, and of what became of a webhook's deliveries."""
    return {
        "events": "SELECT id, position FROM events ORDER BY position",
        "heads": "SELECT position FROM feed_heads",
        "deliveries": f"SELECT event_id, state FROM deliveries WHERE lane = 'webhook:{webhook}'",
    }


class Told:
    """All that was told until everything came to rest."""

    def __init__(self, users, feed, followed, receipts, rows):
        # Id and email of everyone in the directory.
        self.users = users
        # Events as `/v1/events` shows them, in its order.
        self.feed = feed
        # The ids that the follower of the stream saw, in its order.
        self.followed = followed
        self.receipts = receipts
        # What `stored` reads, past the server.
        self.rows = rows

    def faults(self):
        """What does not hold, in words; nothing when all does."""
        return [*self._places(), *self._feed(), *self._stream(), *self._receipts(), *self._reach()]

    def _created(self):
        return [event for event in self.feed if event["type"] == CREATED]

    def _places(self):
        """The places in the feed are 1, 2, 3 … to its head, and the feed has their order."""
        places = [row["position"] for row in self.rows["events"]]
        if places != list(range(1, len(places) + 1)):
            yield "the places in the feed have a gap, or one is missing"
        if [row["position"] for row in self.rows["heads"]] != [len(places)]:
            yield f"the feed's head is not its last place: {self.rows['heads']}"
        shown = {event["id"] for event in self.feed}
        in_order = [row["id"] for row in self.rows["events"] if row["id"] in shown]
        if [event["id"] for event in self.feed] != in_order:
            yield "the feed shows its events in another order than stored, or one twice"

    def _feed(self):
        """Each user was created once, and nobody else was."""
        told = Counter(event["subject"]["id"] for event in self._created())
        for id, count in told.items():
            if count != 1 or int(id) not in self.users:
                yield f"{CREATED} of user {id}: {count} times, there: {int(id) in self.users}"
        for id in self.users.keys() - {int(id) for id in told}:
            yield f"user {id} is there without an event"
        for event in self._created():
            if event["change"]["new"]["email"] != self.users.get(int(event["subject"]["id"])):
                yield f"event {event['id']} tells another email than its user has"

    def _stream(self):
        """The follower saw each event once, in the feed's order."""
        feed = [event["id"] for event in self.feed]
        if self.followed != feed:
            due, seen = Counter(feed), Counter(self.followed)
            missed, more = list(due - seen)[:5], list(seen - due)[:5]
            yield f"the stream is not the feed: missed {missed}, twice or unknown {more}"

    def _receipts(self):
        """What arrived is signed, fresh, and what the feed shows."""
        feed = {event["id"]: event for event in self.feed}
        for receipt in self.receipts:
            event = receipt.event
            if not receipt.signed:
                yield f"{receipt.id}: no signature fits"
            if abs(receipt.at - receipt.timestamp) > FRESH:
                yield f"{receipt.id}: its timestamp is {receipt.at - receipt.timestamp:.0f} s off"
            if event != feed.get(event["id"]):
                yield f"{receipt.id} is not what the feed shows of event {event['id']}"
            if receipt.body["type"] != CREATED or int(event["subject"]["id"]) not in self.users:
                yield f"{receipt.id} tells of nobody who was created: {event['subject']}"

    def _reach(self):
        """Each creation arrived and was taken, always under one id, and counts as delivered."""
        ids, taken = defaultdict(set), set()
        for receipt in self.receipts:
            ids[receipt.event["id"]].add(receipt.id)
            if receipt.treated in ("taken", "slow"):
                taken.add(receipt.event["id"])
        due = {event["id"] for event in self._created()}
        for event in due - taken:
            yield f"event {event} did not reach the receiver"
        for event, several in ids.items():
            if len(several) > 1:
                yield f"event {event} came under {len(several)} ids"
        if len(set().union(*ids.values())) != len(ids):
            yield "two events came under one id"
        states = [(row["event_id"], row["state"]) for row in self.rows["deliveries"]]
        if sorted(states) != sorted((event, "delivered") for event in due):
            yield "the deliveries are not one of each creation, all of them done"


def unseen_damages(told):
    """That a check can fail is worth as much as that it passes: each damage must be seen."""
    unseen = []
    for damage in DAMAGES:
        damaged = copy.deepcopy(told)
        damage(damaged)
        if not damaged.faults():
            unseen.append(damage.__name__)
    return unseen


def _an_event_is_lost(told):
    lost = told._created()[0]["id"]
    told.feed = [event for event in told.feed if event["id"] != lost]
    told.followed.remove(lost)
    told.receipts = [each for each in told.receipts if each.event["id"] != lost]
    told.rows["events"] = [row for row in told.rows["events"] if row["id"] != lost]
    told.rows["deliveries"] = [
        row for row in told.rows["deliveries"] if row["event_id"] != lost
    ]
    for place, row in enumerate(told.rows["events"], 1):
        row["position"] = place
    told.rows["heads"][0]["position"] -= 1


def _an_event_is_there_twice(told):
    told.feed.append(told.feed[-1])
    told.followed.append(told.followed[-1])


def _a_place_is_left_out(told):
    told.rows["events"][-1]["position"] += 1
    told.rows["heads"][0]["position"] += 1


def _an_event_waits_for_its_place(told):
    told.rows["events"].append({"id": 0, "position": None})


def _a_user_who_is_not_there(told):
    told.users.popitem()


def _the_stream_skips_one(told):
    told.followed.pop()


def _the_stream_repeats_one(told):
    told.followed.append(told.followed[0])


def _the_stream_has_its_own_order(told):
    told.followed.reverse()


def _an_event_never_arrived(told):
    lost = told._created()[0]["id"]
    told.receipts = [each for each in told.receipts if each.event["id"] != lost]


def _an_event_was_never_taken(told):
    refused = told._created()[0]["id"]
    for each in told.receipts:
        if each.event["id"] == refused:
            each.treated = "refused"


def _a_second_id(told):
    told.receipts.append(copy.deepcopy(told.receipts[0]))
    told.receipts[-1].id += "0"


def _one_id_for_all(told):
    for each in told.receipts:
        each.id = "msg_1"


def _a_signature_is_wrong(told):
    told.receipts[0].signed = False


def _a_timestamp_is_old(told):
    told.receipts[0].timestamp -= 60


def _another_body(told):
    told.receipts[0].event["request_id"] = "another"


def _a_delivery_is_open(told):
    told.rows["deliveries"][0]["state"] = "pending"


DAMAGES = (
    _an_event_is_lost, _an_event_is_there_twice, _a_place_is_left_out,
    _an_event_waits_for_its_place, _a_user_who_is_not_there, _the_stream_skips_one,
    _the_stream_repeats_one, _the_stream_has_its_own_order, _an_event_never_arrived,
    _an_event_was_never_taken, _a_second_id, _one_id_for_all, _a_signature_is_wrong,
    _a_timestamp_is_old, _another_body, _a_delivery_is_open,
)
