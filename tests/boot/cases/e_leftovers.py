# SPDX-License-Identifier: BSD-2-Clause
"""What fails or is killed says why, and leaves nothing behind."""
import re

from harness import case, reach_shell
from machine import Failure

GUEST = "kernel=/guest/vmlinuz ramdisk=/guest/initrd.gz memory=128"

# Words for domcreate that must fail, the status, and what it must speak of.
REFUSED = (
    ("name=x kernel=/none", 1, r"/none"),
    ("name=x kernel=/etc/passwd", 1, r"/etc/passwd.*not"),
    (f"name=x {GUEST} memory=900000", 1, r"MiB"),
    (f"name=x {GUEST} memory=24", 1, r"(?i)memory|MiB"),
    (f"name=x {GUEST} colour=blue", 1, r"colour"),
    (f"name=Domain-0 {GUEST}", 1, r"Domain-0"),
    (f"name=x {GUEST} --nonsense", 2, r"--nonsense"),
    ("/none.cfg", 1, r"/none\.cfg"),
)


def state(machine):
    """The hypervisor's free memory, the domains and the store's nodes."""
    free = re.search(r"free=(\d+)", machine.run("meminfo")).group(1)
    domains = len(machine.run("domls").strip().splitlines()) - 1
    nodes = machine.run("xenstore-ls -f / | cut -d= -f1 | sort | md5sum")
    return free, domains, nodes.split()[0]


def same(machine, before):
    for _ in range(15):
        after = state(machine)
        if after == before:
            return
        machine.run("sleep 2")
    raise Failure(f"memory, domains, nodes were {before}, now {after}")


@case
def leftovers(context):
    """domcreate refused, killed, without a store: a message, no remains."""
    if context.stack:
        context.skip("Tenon's tools are not what runs in this dom0")
        return
    with context.boot("2 CPUs 2 GiB", cpus=2, memory=2048) as machine:
        reach_shell(machine)
        machine.run("printf 'root:x\\n' >/etc/passwd")
        # The first guest may make tables of dom0 grow; they stay.
        machine.run(f"domcreate -p name=first {GUEST}", 120)
        machine.run("domstop -f first", 60)
        machine.run("sleep 12")
        before = state(machine)
        for words, status, pattern in REFUSED:
            with machine.check(f"domcreate with {words.split()[-1]}: "
                               "refused, and why"):
                got, output = machine.shell(f"domcreate {words}", 120)
                if got != status or not re.search(pattern, output):
                    raise Failure(f"status {got}: {output.strip()[-300:]}")
        with machine.check("refusals leave nothing"):
            same(machine, before)
        with machine.check("a killed domcreate leaves nothing"):
            for tenths in (1, 3, 5, 8):
                machine.shell(
                    f"domcreate -p name=k {GUEST} & sleep 0.{tenths}; "
                    "kill -9 $!; wait; sleep 2; domstop -f k 2>/dev/null", 60)
            same(machine, before)
        with machine.check("no store daemon: it says so"):
            machine.run("killall xenstored; sleep 1")
            status, output = machine.shell(f"domcreate name=x {GUEST}", 60)
            if status != 1 or "store" not in output:
                raise Failure(f"status {status}: {output.strip()[-300:]}")
