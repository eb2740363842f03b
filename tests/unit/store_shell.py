# SPDX-License-Identifier: BSD-2-Clause
"""xenstore-shell as a person and as a script use it: on a pty and by a pipe.

store_shell.py SHELL, with XENSTORED_PATH naming a daemon's empty store.
"""
import json
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

PATIENCE = 20
SHELL = sys.argv[1]


def script(text, *options, status=0):
    run = subprocess.run([SHELL, *options], input=text, text=True,
                         capture_output=True, timeout=PATIENCE, check=False)
    assert run.returncode == status, (text, run)
    return run


class Terminal:
    """The shell on a pty."""

    def __init__(self, home):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ.update(HOME=home, TERM="dumb", INPUTRC="/dev/null")
            os.execv(SHELL, [SHELL])
        self.seen = ""

    def expect(self, pattern):
        """Waits for it; what stood before it."""
        end = time.monotonic() + PATIENCE
        while True:
            match = re.search(pattern, self.seen)
            if match:
                before = self.seen[:match.start()]
                self.seen = self.seen[match.end():]
                return before
            left = end - time.monotonic()
            ready = select.select([self.fd], [], [], max(left, 0))[0]
            assert ready, f"no {pattern!r} in {self.seen!r}"
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b""
            assert data, f"ended without {pattern!r}: {self.seen!r}"
            self.seen += data.decode()

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_script():
    out = script("""# a comment
write /s/a one
write /s/b "two words"   # and another
write '/s/c' 'it''s \\001'
mkdir /s/d/e
cd /s
pwd
ls
cat a b c
cd d/../d/./e
pwd
cd ..
pwd
ls -l
chmod /s/a n0 r5
ls -l /s
tree /s
rm /s/d /s/c
ls ..
""").stdout
    assert out == """/s
a = "one"
b = "two words"
c = "its \\001"
d = ""
one
two words
its \\001
/s/d/e
/s/d
e = ""  (n0)
a = "one"  (n0,r5)
b = "two words"  (n0)
c = "its \\001"  (n0)
d = ""  (n0)
a = "one"
b = "two words"
c = "its \\001"
d = ""
 e = ""
a = "one"
b = "two words"
""", out


def test_errors():
    for line, says in (("cat /none", "no such node"), ("what", "no command"),
                       ("cat", "usage"), ("cat 'x", "quote"),
                       ("chmod /s/a q1", "no mode"),
                       ("transaction commit", "no transaction is open"),
                       ("transaction maybe", "begin, commit or abort"),
                       ("wait 0", "nothing has happened"),
                       ("unwatch /s", "not watched"), ("cd /none", "no such"),
                       ("ls a b c", "usage"), ("help what", "no command")):
        run = script(line + "\npwd\n", status=1)
        assert says in run.stderr, (line, run)
        assert run.stdout == "/\n", run
        assert script(line + "\npwd\n", "-e", status=1).stdout == ""
    assert subprocess.run([SHELL, "x"], stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL,
                          check=False).returncode == 2


def test_transactions():
    run = script("""transaction begin
write /t/a 1
cat /t/a
transaction abort
cat /t/a
""", status=1)
    assert run.stdout == "1\n" and "/t/a" in run.stderr, run
    script("transaction begin\nwrite /t/a 2\ntransaction commit\n", "-e")
    run = script("transaction begin\nwrite /t/a 3\n")
    assert "aborted" in run.stderr, run
    assert script("cat /t/a").stdout == "2\n"


def test_json():
    lines = script("""write /j/a 'x"y'
pwd
cat /j/a
ls /j
tree /
watch /j
""", "--json").stdout.splitlines()
    where, cat, ls, tree, event = map(json.loads, lines)
    assert where == {"path": "/"}
    assert cat == {"path": "/j/a", "value": 'x"y'}
    assert ls == [{"path": "/j/a", "value": 'x"y', "permissions": "n0"}]
    assert "/j/a" in [node["path"] for node in tree]
    assert event == {"event": "/j", "watch": "/j"}


def test_watches():
    run = script("""watch /w
write /w/x 1
unwatch /w
write /w/y 1
wait 0
""", status=1)
    assert run.stdout == "event: /w\nevent: /w/x\n", run
    with subprocess.Popen([SHELL, "-e"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as shell:
        shell.stdin.write(f"watch /w\nwait {PATIENCE}\nquit\n")
        shell.stdin.flush()
        assert shell.stdout.readline() == "event: /w\n"
        script("write /w/z 1")
        assert shell.stdout.readline() == "event: /w/z\n"
    assert shell.returncode == 0


def test_terminal(home):
    shell = Terminal(home)
    shell.expect("/> ")
    shell.type("cd /s\n")
    shell.expect("/s> ")
    shell.type("transaction begin\n")
    shell.expect(r"/s \(transaction\)> ")
    shell.type("write n 1\ntransaction commit\n")
    shell.expect(r"/s> ")
    # a command and a path by Tab
    shell.type("tra\tbe\t\n")
    shell.expect(r"\(transaction\)> ")
    shell.type("transaction ab\t\n")
    shell.expect(r"\n/s> ")
    script("write /s/longname/child/leaf value-of-the-leaf")
    shell.type("cat lo\tc\tl\t\n")
    shell.expect("value-of-the-leaf")
    # an event while nothing is typed
    shell.type("watch longname\n")
    shell.expect("event: /s/longname")
    script("write /s/longname/other 1")
    shell.expect("event: /s/longname/other")
    # Ctrl-C forgets a line, and does not end the shell
    shell.type("rm /s")
    shell.expect("rm /s")
    shell.type("\x03")
    shell.expect("/s> ")
    shell.type("pwd\n")
    shell.expect("\n/s\r")
    # While a command runs the terminal itself would take the Ctrl-D.
    shell.expect("/s> ")
    shell.type("\x04")
    assert shell.end() == 0
    # the next one knows what was typed
    shell = Terminal(home)
    shell.expect("/> ")
    shell.type("\x10\n")
    shell.expect("pwd")
    shell.expect("\n/\r")
    shell.type("quit\n")
    assert shell.end() == 0
    assert script("cat /s/n").stdout == "1\n"
    name = os.path.join(home, ".xenstore-shell_history")
    assert os.stat(name).st_mode & 0o777 == 0o600


def main():
    test_script()
    test_errors()
    test_transactions()
    test_json()
    test_watches()
    with tempfile.TemporaryDirectory() as home:
        test_terminal(home)


if __name__ == "__main__":
    main()
