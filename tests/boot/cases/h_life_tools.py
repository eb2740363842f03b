# SPDX-License-Identifier: BSD-2-Clause
"""
The tools of a guest's life: pausing, names, sizes, keys, events; and what the
supervisor does when a guest stops, also when it is killed over it.
"""
import json
import re

from harness import case, reach_shell
from machine import Failure

GUEST = ("name=life kernel=/guest/vmlinuz ramdisk=/guest/initrd.gz memory=160 "
         "maxmem=192 vcpus=1 maxvcpus=2 extra=console=hvc0 "
         "cpus=0 cpu_weight=300 "
         "on_crash=rename-restart")
# Crashes as soon as it has started.
CRASHING = "name=loop kernel=/guest/micro/bad_stack memory=8 on_crash=restart"


def in_guest(machine, command, seconds=60):
    return machine.run(command, seconds, r"guest# ")


def leave(machine):
    machine.send("\x1d")
    machine.expect(r"dom0# ", 20)


def enter(machine, name):
    machine.send(f"domcons {name}\n")
    machine.send("\n")
    machine.expect(r"guest# ", 60)


def wait_for(machine, command, pattern, seconds=30):
    """Runs the command each second until it prints the pattern."""
    for _ in range(seconds):
        text = machine.shell(command)[1]
        if re.search(pattern, text):
            return text
        machine.run("sleep 1")
    raise Failure(f"{command!r} never gave {pattern!r}, last: {text!r}")


def refused(machine, command, status, pattern):
    got, text = machine.shell(command)
    if got != status or not re.search(pattern, text):
        raise Failure(f"{command}: status {got}: {text.strip()[-300:]}")


@case
def life_tools(context):
    """2 CPUs, 2 GiB: one guest under each of the tools that change it."""
    if context.stack:
        context.skip("Tenon's tools are not what runs in this dom0")
        return
    with context.boot("2 CPUs 2 GiB", cpus=2, memory=2048) as machine:
        reach_shell(machine)
        machine.run("domevents >/tmp/events & echo $! >/tmp/events.pid")
        machine.run(f"domcreate -p {GUEST}", 120)
        with machine.check("domresume starts what domcreate -p made"):
            machine.run("domls life | grep paused")
            machine.run("domresume life")
            machine.send("domcons life\n")
            machine.expect(r"tenon-mark guest-ready", 180)
            machine.expect(r"guest# ", 30)
            leave(machine)
        pausing(machine)
        names(machine)
        sizes(machine)
        places(machine)
        keys(machine)
        reboots(machine)
        dumps(machine)
        crashes(machine)
        events(machine)
        killed(machine)
        gives_up(machine)


def pausing(machine):
    with machine.check("a paused guest uses no CPU, a resumed one answers"):
        machine.run("dompause life life")
        machine.run("domls life | grep paused")
        used = [listed(machine, "life")[0]["cpu_seconds"]
                for _ in (machine.run("sleep 2"), machine.run("sleep 2"))]
        if used[0] != used[1]:
            raise Failure(f"CPU seconds: {used}")
        machine.run("domresume life")
        enter(machine, "life")
        leave(machine)
    with machine.check("dompause refuses dom0 and what is not there"):
        refused(machine, "dompause 0", 1, "domain 0")
        refused(machine, "dompause none", 1, "no domain 'none'")
        refused(machine, "env domresume", 2, "no domain is given")


def names(machine):
    with machine.check("domrename: the new name is the guest's, the old free"):
        machine.run("domrename life other")
        machine.run("domls other && ! domls life")
        machine.run("xenstore-ls -f /vm | grep 'name = \"other\"'")
        machine.run("domrename other life")
        refused(machine, "domrename life Domain-0", 1, "dom0")
        refused(machine, "domrename life ../x", 2, "cannot be a name")


def sizes(machine):
    with machine.check("domset vcpus: the guest brings the CPU up and down"):
        cpu = "/sys/devices/system/cpu/cpu1"
        machine.run("domset life vcpus=2")
        enter(machine, "life")
        try:
            wait_for_guest(machine, f"ls -d {cpu}", cpu)
            in_guest(machine, f"echo 1 >{cpu}/online")
            wait_for_guest(machine, "nproc", "2")
        finally:
            leave(machine)
        machine.run("domset life vcpus=1")
        enter(machine, "life")
        try:
            wait_for_guest(machine, "nproc", "1")
        finally:
            leave(machine)
    with machine.check("domset memory: the balloon follows, up and down"):
        for mib in (128, 160):
            machine.run(f"domset life memory={mib}")
            wait_for(machine, "domls life", rf"life +\d+ +{mib} ")
    with machine.check("domset refuses, and says why, and changes nothing"):
        before = machine.run("xenstore-ls -f /local/domain | grep -v /data")
        for words, pattern in (
                ("vcpus=3", "from 1 to 2"), ("memory=200", "maxmem"),
                ("memory=160 maxmem=100", "maxmem"), ("colour=1", "colour"),
                ("maxmem=2000000 memory=2000000", "MiB free"),
                ("vcpus=2 cpus=9", "no list of CPUs"),
                ("vcpus=2 cpus.2=0", "no vcpu"), ("cap=300", "cap")):
            refused(machine, f"domset life {words}", 1, pattern)
        if machine.run("xenstore-ls -f /local/domain | grep -v /data") != \
                before:
            raise Failure("the store changed")


def wait_for_guest(machine, command, wanted):
    text = ""
    for _ in range(30):
        text = in_guest(machine, command).strip()
        if text == wanted:
            return
        in_guest(machine, "sleep 1")
    raise Failure(f"in the guest {command!r} gives {text!r}")


def placed(machine, cpus, weight, cap):
    """Whether the guest has the CPUs, one list a vcpu, and its share."""
    rows = json.loads(machine.run("domvcpus -j life"))
    share = machine.run("xl sched-credit2 -d life").split()
    if [row["hard"] for row in rows] != cpus or \
            share[-2:] != [str(weight), str(cap)]:
        raise Failure(f"{rows} {share}")


def places(machine):
    with machine.check("cpus and cpu_weight of the configuration"):
        placed(machine, ["0", "0"], 300, 0)
    with machine.check("domset cpus: the guest runs on that CPU alone"):
        machine.run("domset life cpus=1 cpu_weight=512 cap=50")
        machine.run("domset life cap=70 cpus_soft.0=0-1 cpus=all cpus.1=1")
        placed(machine, ["all", "1"], 512, 70)


def keys(machine):
    with machine.check("domkey sysrq: the guest's kernel obeys"):
        enter(machine, "life")
        in_guest(machine, "echo 1 >/proc/sys/kernel/sysrq; dmesg -c >/dev/null")
        leave(machine)
        machine.run("domkey sysrq life s")
        enter(machine, "life")
        try:
            wait_for_guest(machine, "dmesg | grep -ci 'emergency sync' | "
                           "sed 's/[1-9]/yes/'", "yes")
        finally:
            leave(machine)
    with machine.check("domkey trigger: an NMI arrives, others are refused"):
        machine.run("domkey trigger life nmi")
        enter(machine, "life")
        try:
            wait_for_guest(machine, "dmesg | grep -c NMI | "
                           "sed 's/[1-9]/yes/'", "yes")
        finally:
            leave(machine)
        refused(machine, "domkey trigger life power", 1, "takes no power")
        refused(machine, "domkey trigger life bang", 2, "no trigger")
        refused(machine, "domkey sysrq life ab", 2, "one letter")


def domains(machine):
    """The rows of domls, as dictionaries."""
    for _ in range(5):
        try:
            return json.loads(machine.run("domls -j"))
        except ValueError:  # a daemon had something to say at this terminal
            continue
    raise Failure("domls -j gives no JSON")


def listed(machine, name):
    return [row for row in domains(machine) if row["name"] == name]


def wait_new(machine, name, old):
    """Until one domain has the name, and it is not `old`; gives its id."""
    for _ in range(60):
        rows = listed(machine, name)
        if len(rows) == 1 and rows[0]["id"] != old:
            return rows[0]["id"]
        machine.run("sleep 1")
    raise Failure(machine.run("domls; ls -R /run/tenon"))


def uuid_of(machine, domid):
    return machine.run(f"xenstore-read /local/domain/{domid}/vm").strip()


def reboots(machine):
    with machine.check("domstop -r: the guest starts again, as it was set"):
        machine.run("domset life memory=128")
        old = listed(machine, "life")[0]["id"]
        uuid = uuid_of(machine, old)
        machine.run("domstop -r life", 90)
        new = wait_new(machine, "life", old)
        found = uuid_of(machine, new)
        if found != uuid:
            raise Failure(f"its UUID was {uuid!r} and is {found!r}")
        wait_for(machine, "domls life", r"life +\d+ +128 +1 ")
        placed(machine, ["all", "1"], 512, 70)
        machine.send("domcons life\n")
        machine.expect(r"tenon-mark guest-ready", 180)
        machine.expect(r"guest# ", 30)
        in_guest(machine, "echo 1 >/proc/sys/kernel/sysrq")
        leave(machine)
        if machine.run("ls /run/tenon/restart").strip():
            raise Failure("the wish is still there")


def crashes(machine):
    with machine.check("rename-restart keeps the crashed guest aside"):
        old = listed(machine, "life")[0]["id"]
        uuid = uuid_of(machine, old)
        machine.run("domkey sysrq life c")
        new = wait_new(machine, "life", old)
        rows = [row for row in domains(machine)
                if row["name"].startswith("life-2")]
        if len(rows) != 1 or rows[0]["id"] != old or \
                rows[0]["state"] != "crashed":
            raise Failure(machine.run("domls"))
        if uuid_of(machine, new) != uuid or uuid_of(machine, old) == uuid:
            raise Failure("the UUIDs are mixed up")
        machine.run(f"domstop -f {rows[0]['name']}", 60)
        machine.run("domstop -f life", 60)
        text = machine.run("ls -R /run/tenon; ls /var/lib/xen; "
                           "xenstore-ls -f /vm 2>&1; true")
        if "cfg" in text or "userdata-d.1" in text or "/name" in text:
            raise Failure(f"it left {text}")


def wait_number(machine, least):
    """Until there is a domain of that number or a higher one; gives it."""
    for _ in range(60):
        highest = max(row["id"] for row in domains(machine))
        if highest >= least:
            return highest
        machine.run("sleep 0.3")
    raise Failure(f"no domain {least}: " + machine.run("domls"))


def killed(machine):
    """The supervisor, its workers and their domcreate, at many instants."""
    with machine.check("a restart outlives kills of the supervisor"):
        text = machine.run(f"domcreate {CRASHING}", 120)
        old = int(re.search(r"domain (\d+) is 'loop'", text).group(1))
        for tenths in (3, 8, 5, 12, 1, 6, 2, 10):
            machine.run(f"usleep {tenths}00000; killall -9 tenon-reaper "
                        "domcreate; sleep 1; tenon-reaper -m 0", 60)
        last = wait_number(machine, old + 3)
        wait_number(machine, last + 2)
    with machine.check("without the supervisor a guest that stopped stays so"):
        # A domcreate that was begun ends; then no further domain comes.
        machine.run("killall tenon-reaper; while pidof domcreate; "
                    "do sleep 0.2; done; domls -o id >/tmp/ids; "
                    "sleep 3; domls -o id | cmp - /tmp/ids", 120)
        # The guest is there, or a wish for it, which the next one would fulfil.
        machine.run("domstop -f loop 2>/dev/null || ls /run/tenon/restart/*; "
                    "rm -f /run/tenon/restart/*; tenon-reaper")
        machine.run("for i in $(seq 60); do sleep 1; "
                    "[ $(domls | wc -l) = 2 ] && break; done; "
                    "! domls loop 2>/dev/null", 120)
        if len(domains(machine)) != 1 or \
                "cfg" in machine.run("ls -R /run/tenon"):
            raise Failure(machine.run("domls; ls -R /run/tenon"))


def gives_up(machine):
    with machine.check("a guest that crashes at once is not started for ever"):
        text = machine.run(f"domcreate {CRASHING} name=brief", 120)
        first = int(re.search(r"domain (\d+) is 'brief'", text).group(1))
        machine.run("for i in $(seq 120); do sleep 0.5; "
                    "ls /run/tenon/restart/*.failed && break; done", 120)
        machine.run(f"ls /run/tenon/restart/{first + 5}.cfg.failed && "
                    "rm /run/tenon/restart/*.failed && ! domls brief")


def dumps(machine):
    with machine.check("domdump: a core, and the guest runs on"):
        machine.run("domdump life /tmp/life.core 2>/dev/null && "
                    "head -c 4 /tmp/life.core | grep -q ELF && "
                    "tail -c 80 /tmp/life.core | grep -q xen_pages", 120)
        size = int(machine.run("stat -c %s /tmp/life.core"))
        if size < 100 << 20:
            raise Failure(f"it has {size} bytes")
        machine.run("rm /tmp/life.core; ! ls /tmp/*.part* 2>/dev/null; "
                    "domls life | grep -v paused")


def events(machine):
    with machine.check("domevents told it all, in order"):
        machine.run("sleep 2; kill $(cat /tmp/events.pid); wait")
        told = [json.loads(line) for line in
                machine.run("cat /tmp/events").splitlines()
                if line.startswith("{") and line.endswith("}")]
        if told[0]["event"] != "present" or told[0]["domid"] != 0:
            raise Failure(f"it begins with {told[:1]}")
        first = [e for e in told if e["domid"] == 1]
        words = [e["event"] for e in first]
        if words != ["created", "paused", "resumed", "paused", "resumed",
                     "shutdown", "gone"] or first[5]["reason"] != "reboot":
            raise Failure(f"it says {words}")
        if "crash" not in [e.get("reason") for e in told]:
            raise Failure(f"no crash: {told}")
