"""A file system of a few megabytes, and a file that takes what it has left."""

import os
import shutil
import subprocess

from .verdict import LeftOut, expect

MIB = 1 << 20


class SmallDisk:
    """A tmpfs; used with `with`."""

    def __init__(self, folder, mib):
        self.folder = folder
        self.mib = mib
        self.filler = os.path.join(folder, "filler")

    def __enter__(self):
        options = f"size={self.mib}m,mode=0755,uid={os.geteuid()}"
        mounted = _as_root("mount", "-t", "tmpfs", "-o", options, "small-disk", self.folder)
        if mounted.returncode != 0:
            raise LeftOut(f"a tmpfs needs the right to mount (root): {mounted.stderr.strip()}")
        return self

    def __exit__(self, *_):
        done = _as_root("umount", "--lazy", self.folder)
        expect(done.returncode == 0, f"{self.folder}: {done.stderr}")

    def fill(self):
        """Takes all the room that is left, to the last byte."""
        chunk = b"\1" * 4096
        with open(self.filler, "ab", buffering=0) as file:
            while True:
                try:
                    if file.write(chunk) < len(chunk):
                        return
                except OSError:
                    return

    def make_room(self):
        os.remove(self.filler)


def _as_root(*command):
    """Runs a command as root: as who one is, or where sudo asks for no password."""
    if os.geteuid() != 0 and shutil.which("sudo"):
        command = ("sudo", "-n", *command)
    return subprocess.run(command, capture_output=True, text=True)
