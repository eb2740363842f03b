# SPDX-License-Identifier: BSD-2-Clause
"""One emulated machine: QEMU, its serial line with stamped lines, and its end.

Standard library only. A Machine is used in a `with` statement; leaving it ends
the QEMU that it started. Every wait has a time-out, in seconds of wall time.
"""
import bisect
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

CPUS = {
    # SMAP and MONITOR are left out because QEMU 7.2's TCG does them wrongly
    # for a hypervisor whose guests run in ring 3.
    "max": "max,-smap,-monitor",
    "least": "qemu64,+svm,+npt,-monitor",
    # For counts of instructions, and for much copying: with ERMS kernels copy
    # a byte at a time by REP MOVSB, and each byte counts.
    "counted": "max,-smap,-monitor,-erms",
}
PROMPT = r"dom0# "
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[c78=>]")
PARTIAL = re.compile(r"\x1b[\[()]?[0-9;?]*$")
# A line of the hypervisor's log; it comes whole, between any two bytes of what
# dom0 writes.
LOGGED = re.compile(r"\(TN\) [^\n]*\n")


# A terminated test ends its machines, too.
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda *_: sys.exit(143))


class Failure(Exception):
    """A check does not hold. `fatal`: the rest of this boot makes no sense."""

    def __init__(self, text, fatal=False):
        super().__init__(text)
        self.fatal = fatal


class Symbols:
    """Names for the hypervisor's addresses, from its ELF file."""
    ADDRESS = re.compile(r"\b(?:0x)?(ffff82[0-9a-f]{10})\b")

    def __init__(self, elf):
        self.addresses, self.names = [], []
        if not elf or not os.path.exists(elf):
            return
        out = subprocess.run(["nm", "-n", elf], capture_output=True, text=True)
        for line in out.stdout.splitlines():
            fields = line.split()
            if len(fields) == 3 and fields[1] in "tT":
                self.addresses.append(int(fields[0], 16))
                self.names.append(fields[2])

    def name(self, address):
        i = bisect.bisect_right(self.addresses, address) - 1
        if i < 0 or address - self.addresses[i] > 65536:
            return None
        return f"{self.names[i]}+{address - self.addresses[i]:#x}"

    def explain(self, text):
        """The text with a name behind each address of the hypervisor."""
        def add(match):
            name = self.name(int(match.group(1), 16))
            return f"{match.group(0)} <{name}>" if name else match.group(0)
        return self.ADDRESS.sub(add, text)


class Machine:
    """
    boot      {"iso": FILE}, {"disk": FILE} (what is written is lost), or
              {"kernel": FILE, "initrd": MODULES} as in QEMU's -initrd
              "file args,file"
    kind      QEMU's -M; cpu: a key of CPUS; memory in MiB
    extra     more arguments for QEMU
    log       where the stamped serial log is kept
    """

    def __init__(self, boot, log, kind="pc", cpu="max", cpus=2, memory=4096,
                 extra=(), symbols=None, reboots=False, accel=None):
        self.log_name, self.symbols = log, symbols or Symbols(None)
        self.directory = tempfile.mkdtemp(prefix="tenon-boot-")
        self.qmp_name = os.path.join(self.directory, "qmp")
        accel = accel or ["-accel", "tcg,thread=multi"]
        self.command = [
            "qemu-system-x86_64", "-M", kind, *accel, "-cpu", CPUS[cpu],
            "-smp", str(cpus), "-m", str(memory), "-display", "none",
            "-serial", "stdio", "-monitor", "none",
            "-qmp", f"unix:{self.qmp_name},server=on,wait=off"]
        if not reboots:
            self.command.append("-no-reboot")
        if "iso" in boot:
            self.command += ["-cdrom", boot["iso"], "-boot", "d"]
        elif "disk" in boot:
            self.command += ["-drive", f"file={boot['disk']},format=raw,"
                             "if=virtio,snapshot=on"]
        else:
            self.command += ["-kernel", boot["kernel"]]
            if boot.get("append"):
                self.command += ["-append", boot["append"]]
            if boot.get("initrd"):
                self.command += ["-initrd", boot["initrd"]]
        self.command += list(extra) or ["-net", "none"]
        self.raw = ""            # all that the serial line said
        self.text = ""           # the same without \r and escape sequences
        self.position = 0        # where the next expect() begins
        # Each line's first character, its wall time, QEMU's CPU time by then.
        self.stamps = [(0, 0.0, 0.0)]
        self.ended = False
        self.reason = None       # of the end: guest-shutdown, guest-reset...
        self.changed = threading.Condition()

    def __enter__(self):
        self.log = open(self.log_name, "w", encoding="utf-8")
        self.log.write("# " + shlex.join(self.command) + "\n")
        self.started = time.monotonic()
        self.qemu = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        threading.Thread(target=self._read_serial, daemon=True).start()
        threading.Thread(target=self._read_qmp, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.qemu.kill()
        self.qemu.wait()
        with self.changed:
            self.changed.wait_for(lambda: self.ended, 5)
        self.log.close()
        for name in os.listdir(self.directory):
            os.unlink(os.path.join(self.directory, name))
        os.rmdir(self.directory)

    def now(self):
        return time.monotonic() - self.started

    def _read_serial(self):
        rest = ""
        while True:
            data = os.read(self.qemu.stdout.fileno(), 65536)
            if not data:
                break
            data = data.decode("latin1")
            self.raw += data
            rest += data.replace("\r", "").replace("\0", "")
            cut = PARTIAL.search(rest)
            cut = cut.start() if cut and len(rest) - cut.start() < 16 else None
            self._add(ESCAPES.sub("", rest[:cut]))
            rest = rest[cut:] if cut is not None else ""
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _add(self, text):
        stamp, cpu = self.now(), self._cpu_time()
        with self.changed:
            for line in text.splitlines(keepends=True):
                if not self.text or self.text.endswith("\n"):
                    self.stamps.append((len(self.text), stamp, cpu))
                    self.log.write(f"[{stamp:8.3f}] ")
                self.text += line
                self.log.write(line)
            self.log.flush()
            self.changed.notify_all()

    def _read_qmp(self):
        connection = socket.socket(socket.AF_UNIX)
        for _ in range(100):
            try:
                connection.connect(self.qmp_name)
                break
            except OSError:
                time.sleep(0.1)
        try:
            connection.sendall(b'{"execute": "qmp_capabilities"}\n')
            for line in connection.makefile():
                event = json.loads(line)
                if event.get("event") == "SHUTDOWN":
                    with self.changed:
                        self.reason = event["data"]["reason"]
                        self.changed.notify_all()
        except (OSError, ValueError):
            pass

    def _cpu_time(self):
        """Seconds of CPU time that QEMU has used (proc(5), utime, stime)."""
        try:
            with open(f"/proc/{self.qemu.pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            return self.stamps[-1][2]
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stamp_of(self, offset):
        """(wall time, CPU time) at which this character's line began."""
        i = bisect.bisect_right(self.stamps, (offset, float("inf"))) - 1
        return self.stamps[i][1:]

    def expect(self, pattern, timeout, also=()):
        """
        Waits for the pattern behind what was matched last. Gives the match and
        keeps its times as match_time and match_cpu. A line that matches one of `also` means
        that it will not come: a failure at once, as is the machine's end.
        """
        pattern = re.compile(pattern, re.M)
        bad = [re.compile(p, re.M) for p in also]
        limit = time.monotonic() + timeout
        with self.changed:
            while True:
                found = pattern.search(self.text, self.position)
                if found:
                    self.position = found.end()
                    self.match_time, self.match_cpu = self.stamp_of(
                        found.start())
                    return found
                for p in bad:
                    wrong = p.search(self.text, self.position)
                    if wrong:
                        raise Failure(f"waiting for /{pattern.pattern}/: saw "
                                      f"\"{wrong.group(0)}\"", fatal=True)
                if self.ended:
                    raise Failure(f"waiting for /{pattern.pattern}/: the "
                                  f"machine ended ({self.reason})", fatal=True)
                left = limit - time.monotonic()
                if left <= 0:
                    raise Failure(f"waiting for /{pattern.pattern}/: nothing "
                                  f"in {timeout:g} s", fatal=True)
                self.changed.wait(left)

    def first(self, pattern):
        """When the first line with the pattern came, in seconds, or None."""
        found = re.search(pattern, self.text, re.M)
        return self.stamp_of(found.start())[0] if found else None

    def send(self, text):
        """Types the text, in pieces that a 16-byte FIFO takes."""
        data = text.encode("latin1")
        for i in range(0, len(data), 16):
            self.qemu.stdin.write(data[i:i + 16])
            self.qemu.stdin.flush()
            time.sleep(0.02)

    def shell(self, command, timeout=60, prompt=PROMPT):
        """
        Runs a command at a shell's prompt; gives (status, output), without
        what the hypervisor logged meanwhile. The end mark is spelled so that
        the echo of what was typed does not match it.
        """
        self.serial = getattr(self, "serial", 0) + 1
        mark = f"end-{self.serial}"
        self.send(f"{command}; echo {mark[:2]}''{mark[2:]}=$?\n")
        begin = self.position
        found = self.expect(rf"{mark}=(\d+)\n", timeout)
        output = LOGGED.sub("", self.text[begin:found.start()])
        output = re.sub(rf"\A(?:{prompt})+", "", output)
        if output.startswith(command[:16]):   # the terminal echoes
            output = output.partition("\n")[2]
        self.expect(prompt, 20)
        return int(found.group(1)), output

    def run(self, command, timeout=60, prompt=PROMPT):
        """As shell(), and the status must be 0; gives the output."""
        status, output = self.shell(command, timeout, prompt)
        if status:
            raise Failure(f"`{command}` ended with {status}: "
                          f"{output.strip()[-400:]}")
        return output

    def wait_end(self, timeout):
        """Waits for the machine's own end; gives QEMU's reason."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.ended, timeout):
                raise Failure(f"the machine still runs after {timeout:g} s",
                              fatal=True)
            self.changed.wait_for(lambda: self.reason, 2)
            return self.reason

    def report(self, lines=40):
        """The last lines of the serial line, stamped and with names."""
        with self.changed:
            text = self.text
        ends = [m.start() for m in re.finditer("\n", text)]
        begin = ends[-lines - 1] + 1 if len(ends) > lines else 0
        out = []
        for line in text[begin:].splitlines(keepends=True):
            out.append(f"    [{self.stamp_of(begin)[0]:8.3f}] "
                       + self.symbols.explain(line.rstrip("\n")))
            begin += len(line)
        state = "has ended" if self.ended else "still ran"
        out.append(f"    ({state} after {self.now():.1f} s; "
                   f"the whole log: {self.log_name})")
        return "\n".join(out)
