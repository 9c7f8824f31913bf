# SPDX-License-Identifier: MIT
"""QEMU's monitor: what happens to a machine from outside."""
import json
import socket
import time

from boot import expect


class Monitor:
    """That of a machine which is started with QEMU_ARGS=monitor.args."""

    def __init__(self, guest, name="m"):
        self.path, self.file, self.socket = guest.path(name), None, None
        self.args = f"-qmp unix:{self.path},server=on,wait=off"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.file is not None:
            self.file.close()
            self.socket.close()

    def __call__(self, command, **arguments):
        """Carries COMMAND out and gives its answer."""
        if self.file is None:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(120)
            self.socket.connect(self.path)
            self.file = self.socket.makefile("rw")
            self("qmp_capabilities")
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while "return" not in (answer := json.loads(self.file.readline())):
            expect("error" not in answer, f"{command}: {answer}")
        return answer["return"]

    def until(self, command, seconds, **wanted):
        """Asks until the answer to COMMAND has what is WANTED."""
        limit = time.monotonic() + seconds
        while any((answer := self(command)).get(key) != value for key, value in wanted.items()):
            expect(time.monotonic() < limit, f"{command}: {answer}, not {wanted}")
            time.sleep(0.1)
