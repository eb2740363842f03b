# SPDX-License-Identifier: BSD-2-Clause
"""python3-pyxs, a client that knows nothing of libxenstore, at the socket
that XENSTORED_PATH names."""
import os

from pyxs import Client, Monitor, PyXSError


def refuses(error, function, *args):
    """Whether the call fails with this error of the store."""
    try:
        function(*args)
    except PyXSError as raised:
        return raised.args[0] == error
    return False


def main():
    path = os.environ["XENSTORED_PATH"]
    with Client(unix_socket_path=path) as c:
        c.write(b"/pyxs/a", b"one")
        c[b"/pyxs/b"] = b"two\0 2"
        assert c.read(b"/pyxs/a") == b"one"
        assert c[b"/pyxs/b"] == b"two\0 2"
        assert c.read(b"/pyxs/none", b"default") == b"default"
        assert refuses(2, c.read, b"/pyxs/none")
        assert c.exists(b"/pyxs/a") and not c.exists(b"/pyxs/none")
        c.mkdir(b"/pyxs/dir")
        assert sorted(c.list(b"/pyxs")) == [b"a", b"b", b"dir"]
        c.set_perms(b"/pyxs/a", [b"n0", b"r5"])
        assert c.get_perms(b"/pyxs/a") == [b"n0", b"r5"]
        assert c.get_domain_path(7) == b"/local/domain/7"
        assert not c.is_domain_introduced(7)

        c.transaction()
        c.write(b"/pyxs/a", b"never")
        c.rollback()
        assert c.read(b"/pyxs/a") == b"one"
        c.transaction()
        c.write(b"/pyxs/a", c.read(b"/pyxs/a") + b" more")
        with Client(unix_socket_path=path) as other:
            assert other.read(b"/pyxs/a") == b"one"
            other.write(b"/pyxs/a", b"conflict")
        assert not c.commit()
        c.transaction()
        c.write(b"/pyxs/a", b"2nd")
        assert c.commit()
        assert c.read(b"/pyxs/a") == b"2nd"

        monitor = c.monitor()
        assert isinstance(monitor, Monitor)
        monitor.watch(b"/pyxs", b"token")
        events = monitor.wait()
        first = next(events)
        assert (first.path, first.token) == (b"/pyxs", b"token")
        with Client(unix_socket_path=path) as other:
            other.write(b"/pyxs/c", b"x")
        event = next(events)
        assert (event.path, event.token) == (b"/pyxs/c", b"token")
        monitor.unwatch(b"/pyxs", b"token")
        c.delete(b"/pyxs")
        assert not c.exists(b"/pyxs")


if __name__ == "__main__":
    main()
