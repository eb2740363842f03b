#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Scripts made up at random do the same in GRUB and in pygrub-c.

Each script prints numbered lines: in grub-emu, GRUB run as a program, with
echo; for pygrub-c the same line is the title of an entry. What is left out is
what pygrub-c does not promise: wrong syntax, and GRUB's expansion of '*'.
Arguments: how many scripts (8), the first seed (1). Skipped without grub-emu.
"""

import json
import os
import pty
import random
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

VARIABLES = ["a", "b", "c", "d_1", "E"]
LETTERS = "abcXYZ0123-_.,/:%+@~="
LITERALS = ["x", "foo", "a b", "1", "2", "10", "-n", "=", "!", "a=b", "",
            "  p  q ", "\\", "#h", "@x", "~", "/", ".", "a,b", "%s"]
COMPARE = ["=", "!=", "==", "<", ">", "<=", ">="]
NUMBERS = ["-eq", "-ne", "-lt", "-gt", "-le", "-ge"]


class Script:
    """A random script; PRINT stands for the command that prints."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.count = 0
        first = self.body(1, ())
        second = self.body(1, ("f1",))
        lines = [
            'function show { set out="$#"; for i in "$@"; do '
            'set out="$out<$i>"; done; }',
            "function f1 {", self.show("f1 $# $1"), *first, "}",
            "function f2 {", *second, "shift",
            self.show("$1 $#"), self.one("return 3", "true"), "}"]
        for _ in range(30):
            lines += self.statement(2, ("f1", "f2"))
        self.text = "\n".join(lines + [self.show("end")]) + "\n"

    def one(self, *choices):
        return self.dice.choice(choices)

    def chance(self, share):
        return self.dice.random() < share

    def show(self, text):
        self.count += 1
        return f'PRINT "<{self.count}:{text}:{self.count}>"'

    def variable(self):
        name = self.one(*VARIABLES, "1", "2", "#", "@", "*", "?")
        return "${%s}" % name if self.chance(0.4) else "$" + name

    def letters(self):
        return "".join(self.one(*LETTERS)
                       for _ in range(self.dice.randrange(1, 5)))

    def quoted(self):
        text = self.one(*LITERALS)
        if self.chance(0.5):
            return f"'{text}'"
        return '"' + text.replace("\\", "\\\\") + '"'

    def part(self):
        kind = self.dice.randrange(6)
        if kind == 0:
            return self.letters()
        if kind == 1:
            return self.variable()
        if kind == 2:
            return f'"{self.variable()}"'
        if kind == 3:
            return f'"{self.letters()}{self.variable()} {self.letters()}"'
        if kind == 4:
            return self.quoted()
        return "\\" + self.one(*" $\"'\\;a{}|#")

    def word(self):
        return "".join(self.part() for _ in range(self.one(1, 1, 1, 2, 3)))

    def words(self, most, least=0):
        return " ".join(self.word() for _ in
                        range(self.dice.randrange(least, most + 1)))

    def operand(self):
        name = self.one(*VARIABLES)
        return self.one(f'"${name}"', f"x${name}", "abc", '"a b"', '""', "'q'",
                        str(self.dice.randrange(20)))

    def term(self):
        kind = self.dice.randrange(8)
        if kind < 3:
            return f'{self.operand()} "{self.one(*COMPARE)}" {self.operand()}'
        if kind < 5:
            return (f"{self.dice.randrange(12)} {self.one(*NUMBERS)} "
                    f"{self.dice.randrange(12)}")
        if kind == 5:
            return f'{self.one("-n", "-z")} {self.operand()}'
        if kind == 6:
            return "! " + self.term()
        return f'"(" {self.expression()} ")"'

    def expression(self):
        terms = [self.term()]
        while self.chance(0.4):
            terms += [self.one("-a", "-o"), self.term()]
        return " ".join(terms)

    def condition(self):
        if self.chance(0.7):
            return f"[ {self.expression()} ]"
        return self.one("true", "false", "! true", "! false", "true; false",
                        f"test {self.expression()}")

    def body(self, depth, functions):
        lines = []
        for _ in range(self.dice.randrange(1, 4)):
            lines += self.statement(depth, functions)
        return lines

    def branches(self, depth, functions):
        lines = [f"if {self.condition()}; then", *self.body(depth, functions)]
        if self.chance(0.3):
            lines += [f"elif {self.condition()}; then",
                      *self.body(depth, functions)]
        if self.chance(0.5):
            lines += ["else", *self.body(depth, functions)]
        return lines + ["fi"]

    def loop(self, depth, functions):
        n = f"n{depth}"
        leave = []
        if self.chance(0.4):
            leave = [f"if [ {self.expression()} ]; then "
                     f"{self.one('break', 'continue')}; fi"]
        count = [f"if [ $m = {i} ]; then set {n}={i + 1}; fi"
                 for i in range(3)]
        head = self.one(f"while [ ${n} -lt 3 ]", f"until [ ${n} = 3 ]")
        return [f"set {n}=0", head + "; do", f"set m=${n}", *count, *leave,
                *self.body(depth, functions), "done"]

    def statement(self, depth, functions):
        kind = self.dice.randrange(20)
        if kind < 6:
            return [f"set {self.one(*VARIABLES)}={self.word()}"]
        if kind < 9 or depth == 0:
            return ["show " + self.words(4), self.show("$out")]
        if kind == 9:
            return [self.show(self.one("$?", "$a", "$b|$c", "$*", "$E$d_1"))]
        if kind < 14:
            return self.branches(depth - 1, functions)
        if kind == 14:
            return [f"for {self.one(*VARIABLES)} in {self.words(3, 1)}; do",
                    *self.body(depth - 1, functions), "done"]
        if kind < 17:
            return self.loop(depth - 1, functions)
        if kind == 17:
            return [f"unset {self.one(*VARIABLES)}"]
        if functions:
            return [f"{self.one(*functions)} {self.words(3)}"]
        return [self.one("true", "false")]


def printed(text):
    """The numbered lines; a terminal may have broken them anywhere."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]", "", text)
    return [(number, re.sub(r"\s", "", line)) for number, line in
            re.findall(r"<(\d+):(.*?):\1>", re.sub(r"[\r\n]", "", text))]


def run_grub(grub, folder, seconds=60):
    """All that grub-emu prints, up to the last line of the script."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "dumb"
        os.execv(grub, [grub, "-d", folder, "-m", "/dev/null"])
    said = b""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        said += more
        if not more or re.search(rb"<(\d+):end:\1>",
                                 re.sub(rb"[\r\n]", b"", said[-200:])):
            break
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    os.close(terminal)
    return said.decode("latin-1")


def run_ours(show, work, text):
    sample = os.path.join(work, "sample.txt")
    with open(sample, "w", encoding="ascii") as file:
        file.write("=V hd0 1 -\n=F 0 /boot/grub/grub.cfg\n")
        file.write(text.replace("PRINT", "menuentry"))
        file.write('menuentry "" { linux /k; }\n=F 0 /k\n')
    out = subprocess.run([show, sample], check=True, capture_output=True,
                         text=True).stdout
    return "\n".join(e["title"] for e in json.loads(out)["entries"])


def main():
    grub = shutil.which("grub-emu")
    if not grub:
        print("no grub-emu")
        return 77
    scripts = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    show = os.path.join(os.environ.get("top_builddir", "."),
                        "tests/pygrub/show_config")
    failed = lines = 0
    with tempfile.TemporaryDirectory() as work:
        for seed in range(first, first + scripts):
            text = Script(seed).text
            path = os.path.join(work, "grub.cfg")
            with open(path, "w", encoding="ascii") as file:
                file.write("set pager=0\n" + text.replace("PRINT", "echo"))
                file.write("halt\n")
            want = printed(run_grub(grub, work))
            got = printed(run_ours(show, work, text))
            lines += len(want)
            if want and want == got:
                continue
            failed = 1
            at = next((i for i, (x, y) in enumerate(zip(want, got))
                       if x != y), min(len(want), len(got)))
            print(f"script {seed}: of {len(want)} and {len(got)} lines "
                  f"differs {at}: GRUB {want[at:at + 1]}, ours "
                  f"{got[at:at + 1]}")
    print(f"{scripts} scripts, {lines} lines")
    return failed


if __name__ == "__main__":
    sys.exit(main())
