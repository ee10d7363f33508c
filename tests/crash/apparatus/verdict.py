"""How a rig ends other than well."""


class Broken(Exception):
    """A promise did not hold, or something happened that a rig cannot explain."""


class LeftOut(Exception):
    """The machine lacks what a rig needs. Said loudly; a failure where CI is set."""


def expect(holds, what):
    """Fails the rig unless `holds`."""
    if not holds:
        raise Broken(what)
