# SPDX-License-Identifier: BSD-2-Clause
"""Debian's xl beside our tools in one dom0: the layout of a guest in the store
and in files is the same, and each side manages the other's guests."""
import base64
import difflib
import json
import os
import re
import subprocess

import media
from harness import case, reach_shell
from machine import Failure
from saving import saving

UUID = "3aa7260a-e597-11f1-88cb-9a713adcf112"
CONFIG = f"""name = "lay"
kernel = "/guest/vmlinux"
ramdisk = "/guest/initrd.gz"
extra = "console=hvc0"
memory = 128
maxmem = 160
vcpus = 1
maxvcpus = 2
uuid = "{UUID}"
disk = ["/tmp/a.img,raw,xvda,w"]
vif = ["mac=00:16:3e:00:00:02,bridge=xenbr0"]
"""
SETUP = (
    "modprobe -a bridge loop",
    "brctl addbr xenbr0",
    "ip link set xenbr0 up",
    "dd if=/dev/zero of=/tmp/a.img bs=1M count=8 2>/dev/null",
    "export PATH=/usr/lib/xen-4.17/bin:$PATH",
)
# The guest's own kernel from its own disk, as Debian's pygrub would do it.
OWN = """name = "own"
bootloader = "pygrub-c"
memory = 128
disk = ["phy:/dev/vda,xvda,w"]
"""
# What is another one each time.
CHANGING = (
    (r"/(domain|libxl|vbd|vif|console)/\d+(?=[/\" ])", r"/\1/N"),
    (r"\b([nrwb])(?!0\b)\d+(?=[,)])", r"\1N"),
    (r"(/domid|/frontend-id) = \"[1-9]\d*\"", r"\1 = N"),
    (r"(/ring-ref|/port|/start_time) = \"[\d.]+\"", r"\1 = X"),
)
# Of the kernel's drivers: which of their nodes are there is a matter of time.
DRIVERS = re.compile(r"/backend/v(bd|if)/N/\d+/(feature-|multi-queue|max-ring|"
                     r"state )")
# xl leaves folders of its last guest.
EMPTY = ('/vm = ""   (n0)', '/libxl = ""   (n0)')


def layout(machine):
    """The nodes of the guest and of its devices, without what changes."""
    text = machine.run("xenstore-ls -fp")
    for pattern, word in CHANGING:
        text = re.sub(pattern, word, text)
    return sorted(line for line in text.splitlines() if line.startswith("/")
                  and not DRIVERS.search(line) and "/tenon" not in line
                  and line not in EMPTY)


def files(machine):
    text = machine.run("ls -l /var/lib/xen /run/xen /sys/class/net; losetup -a")
    text = re.sub(r"userdata-d\.[1-9]\d*", "userdata-d.N", text)
    text = re.sub(r"vif(-?)\d+", r"vif\1N", text)
    # Permissions and names; sizes and times are their writer's.
    return [re.sub(r"^(\S+).* (?=\S+( -> .*)?$)", r"\1 ", line)
            for line in text.splitlines()
            if " tenon-" not in line and not line.startswith("total")
            and "domid-history" not in line]


def long_list(machine):
    """xl list -l, which reads what the maker has kept."""
    rows = json.loads(machine.run("xl list -l lay"))
    for row in rows:
        row["domid"] = 0
    return json.dumps(rows, indent=1, sort_keys=True).splitlines()


def same(what, stock, ours):
    wrong = [line for line in difflib.unified_diff(
        stock, ours, "stock", "ours", lineterm="", n=0)]
    if wrong:
        raise Failure(f"{what} differs:\n" + "\n".join(wrong))


def gone(machine):
    """Until whoever looks after the guest that stopped has removed it."""
    machine.run("for i in $(seq 60); do domls lay 2>/dev/null || break; "
                "sleep 1; done; ! domls lay 2>/dev/null", 120)


@case
def stock_tools(context):
    """2 CPUs, 2 GiB: one guest by xl, the same by domcreate, compared."""
    extra = context.image("stock.gz")
    if context.stack or not os.path.exists(extra):
        context.skip("there are no images of Debian's tools")
        return
    both = os.path.join(context.out, "dom0-both.gz")
    with open(both, "wb") as out:
        subprocess.run(["cat", context.image("dom0.gz"), extra], stdout=out,
                       check=True)
    try:
        disk = media.boot_disk(context.images,
                               os.path.join(context.out, "bootdisk.img"))
        with context.boot("2 CPUs 2 GiB", cpus=2, memory=2048, modules=[
                context.modules()[0], (both, "")], extra=disk) as machine:
            compare(machine)
    finally:
        os.unlink(both)


def compare(machine):
    reach_shell(machine)
    for command in SETUP:
        machine.run(command)
    for name, text in (("lay", CONFIG), ("own", OWN)):
        for line in text.splitlines():
            machine.run(f"echo '{line}' >>/tmp/{name}.cfg")
    before = layout(machine), files(machine)
    with machine.check("xl creates a guest with a disk and a card"):
        machine.run("xl create -q -p /tmp/lay.cfg || "
                    "{ cat /var/log/xen/xen-hotplug.log; false; }", 120)
        stock = layout(machine), files(machine), long_list(machine)
    with machine.check("our tools show and end the guest of xl"):
        machine.run("domls lay | grep -w paused")
        if len(machine.run("domdev ls lay").splitlines()) != 3:
            raise Failure(machine.run("domdev ls lay"))
        machine.run("domresume lay")
        machine.send("domcons lay\n")
        machine.expect(r"tenon-mark guest-ready", 180)
        machine.expect(r"guest# ", 30)
        machine.send("\x1d")
        machine.expect(r"dom0# ", 20)
        machine.run("domstop -f lay", 90)
        gone(machine)
        same("what is left", before[0], layout(machine))
        same("what is left", before[1], files(machine))
    with machine.check("domcreate makes the same guest"):
        machine.run("domcreate -p /tmp/lay.cfg", 120)
    with machine.check("the nodes of the same guest by domcreate are those"):
        same("the store", stock[0], layout(machine))
    with machine.check("its files and devices in dom0 are those"):
        same("a folder", stock[1], files(machine))
    with machine.check("xl list -l says the same of it"):
        same("the configuration", stock[2], long_list(machine))
    faces(machine)
    stock_on_ours(machine)
    scripts(machine)
    programs(machine)
    killed_program(machine)
    own_kernel(machine)
    with machine.check("nothing is left of any of them"):
        machine.run("sleep 2")
        same("the store", before[0], layout(machine))
        same("a folder", before[1], files(machine))


# Commands of xl whose output and exit code are to be the same; times in lists
# may go on meanwhile.
FACES = (
    "list", "list -v", "list -c", "list lay", "list nosuch", "li 77", "info",
    "info -n", "vcpu-list lay", "network-list lay", "block-list lay",
    "cpupool-list", "cpupool-list -c", "sched-credit2", "domid lay",
    "domname 77", "vcpu-set lay 9", "shutdown", "list -l lay",
    "create -n /tmp/lay.cfg maxvcpus=3",
)
RUN = r"""for tool in xentop domtop; do
$tool -b -f -i 1 | sed -E 's/ (.)(.)[b-](.)(.)[r-] +[0-9]+ +0\.0 / \1\2\3\4 T /' \
>/tmp/$tool.out; done
while read -r words; do for bin in xen-4.17 tenon; do
/usr/lib/$bin/bin/xl $words >/tmp/$bin.out 2>&1; echo $? >>/tmp/$bin.out
sed -i -E 's/ [r-][b-]([p-].{3}) +[0-9.]+/ \1 T/; s/ [r-][b-]([p-]) +[0-9.]+/ \1 T/' \
/tmp/$bin.out; done
cmp -s /tmp/xen-4.17.out /tmp/tenon.out && echo same || { echo "xl $words:"
diff /tmp/xen-4.17.out /tmp/tenon.out; }
done </tmp/faces; diff /tmp/xentop.out /tmp/domtop.out && echo same"""


def faces(machine):
    """Our xl and domtop beside stock's, on a paused guest and a dead one."""
    with machine.check("our xl and domtop print what xl and xentop print"):
        machine.run("domcreate name=cr kernel=/guest/micro/bad_stack memory=8 "
                    "on_crash=preserve", 120)
        for words in FACES:
            machine.run(f"echo '{words}' >>/tmp/faces")
        machine.run(f"echo '{encoded(RUN)}' | base64 -d >/tmp/faces.sh")
        text = machine.run("sh /tmp/faces.sh", 300)
        if text.count("same\n") + text.count("same\r") != len(FACES) + 1:
            raise Failure(text)
    host_tools(machine)
    machine.run("/usr/lib/tenon/bin/xl destroy cr")
    with machine.check("our xl does what xl does to a guest"):
        machine.run("xl() { /usr/lib/tenon/bin/xl \"$@\"; }; "
                    "xl unpause lay && xl pause lay && "
                    "xl rename lay other && xl rename other lay && "
                    "xl vcpu-pin lay 0 1 && xl vcpu-list lay | grep '1 / all'"
                    " && xl vcpu-pin lay all all && "
                    "xl sched-credit2 -d lay -w 300 && "
                    "xl sched-credit2 -d lay | grep -w 300 && "
                    "xl list lay | grep -e --p---; r=$?; unset -f xl; "
                    "[ $r = 0 ]")


def host_tools(machine):
    """What tells of the machine, while one guest is paused and one dead."""
    with machine.check("domls, domvcpus, dompool: columns, order, filters"):
        machine.run("domls -o name,reason -f reason=crash | grep '^cr  *crash'")
        if machine.run("domls -o id -s -id").split()[1:] != sorted(
                machine.run("domls -o id").split()[1:], key=int,
                reverse=True):
            raise Failure(machine.run("domls -s -id"))
        machine.run("domvcpus lay -f state=offline | grep -w 'lay .* 1 .* -'")
        machine.run("dompool -j | grep -A3 '\"cpus\":2' | grep credit2")
    pools(machine)
    with machine.check("stock xenperf shows our counters"):
        machine.run("xenperf >/tmp/perf && "
                    "grep -E '^hypercalls +T= *[1-9]' /tmp/perf && "
                    "grep -E '^vcpu switches +T= *[1-9]' /tmp/perf")
    with machine.check("domtrace and stock xentrace show the same rings"):
        machine.run("domtrace -t 2 -w /tmp/ours && domtrace -r /tmp/ours "
                    "| grep -E 'cpu[01] +hypercall +call=sysctl'", 90)
        machine.run("domtrace -t 2 -j -e runstate | grep -m 1 "
                    "'\"event\":\"runstate\",\"domid\"'", 90)
        machine.run("xentrace -D -e all -T 2 /tmp/stock && domtrace -s -r "
                    "/tmp/stock | grep -E '^hypercall +[1-9]'", 90)
        machine.run("rm /tmp/ours /tmp/stock; domtrace -t 1 -s -b 1", 90)
    with machine.check("dominfo and hostinfo know guest and machine"):
        rows = json.loads(machine.run("dominfo -j lay"))
        if (rows["uuid"], rows["state"], rows["ours"]) != (
                UUID, "paused", True) or \
                [d["class"] for d in rows["devices"]] != ["vbd", "vif"]:
            raise Failure(rows)
        machine.run("[ $(hostinfo nr_cpus) = 2 ] && hostinfo -t | grep 'cpu 1'")
        machine.run("[ $(hostinfo hypervisor_kib) -gt 0 ]")
    with machine.check("domstat counts in three forms"):
        text = machine.run("domstat -p")
        if not re.search(rf'^tenon_domain_memory_bytes{{domid="\d+",uuid='
                         rf'"{UUID}",name="lay"}} {128 << 20}\s*$', text,
                         re.M):
            raise Failure(text)
        machine.run("domstat | grep 'cr domain_is_crashed 1'; "
                    "domstat -j | grep '\"host_cpus\":2'")
    with machine.check("domdebug presses keys, domlog shows and clears"):
        machine.run("domdebug q | grep -i 'd0' && domlog | grep -q . && "
                    "domlog -c >/tmp/log && [ $(wc -c </tmp/log) -gt 2000 ] && "
                    "domlog >/tmp/rest && [ $(wc -c </tmp/rest) -lt 1000 ]")
    with machine.check("domtop -j gives rates; without a terminal it says so"):
        text = machine.run("domtop -j -i 2 -d 1 | tail -n 1")
        if not 0 < json.loads(text)["domains"][0]["cpu_percent"] <= 200:
            raise Failure(text)
        machine.run("domtop </dev/null 2>&1 | grep 'no terminal'; "
                    "TERM=none domtop >/dev/hvc0 2>/tmp/none; "
                    "grep \"'none' is not known\" /tmp/none")


# Guests and CPUs between pools, by stock's xl, our tool and our xl.
POOLS = (
    "xl cpupool-cpu-remove Pool-0 1",
    "hostinfo free_cpus | grep -x 1",
    "echo 'name=\"side\"' >/tmp/pool.cfg",
    "echo 'cpus=[\"1\"]' >>/tmp/pool.cfg",
    "xl cpupool-create /tmp/pool.cfg",
    "dompool | grep '^side  *1  *1  *1  *credit2  *0'",
    "xl cpupool-migrate lay side",
    "domls -o name,pool -f name=lay | grep '^lay  *1'",
    "xl cpupool-list | grep '^side .* 1  *credit2 .* 1'",
    "! dompool destroy side 2>/tmp/said && grep 'move them first' /tmp/said",
    "! dompool remove side 1 2>/tmp/said && grep 'the last' /tmp/said",
    "! dompool move Domain-0 side 2>/tmp/said && grep 'stays' /tmp/said",
    "dompool move lay Pool-0",
    "dompool rename side other && xl cpupool-list -c other | grep 1",
    "domdebug A",
    "domlog | tail -n 5 | grep 'audit: clean'",
    "xl cpupool-destroy other",
    "! xenstore-exists /local/pool/1/name",
    "dompool create third && dompool -f name=third | grep -w third",
    "! dompool create third 2>/tmp/said && grep already /tmp/said",
    "dompool destroy third && dompool add Pool-0 1",
    "/usr/lib/tenon/bin/xl cpupool-cpu-remove Pool-0 1",
    "/usr/lib/tenon/bin/xl cpupool-create name=fourth cpus=1",
    "/usr/lib/tenon/bin/xl cpupool-migrate lay fourth",
    "/usr/lib/tenon/bin/xl cpupool-migrate lay Pool-0",
    "/usr/lib/tenon/bin/xl cpupool-destroy fourth",
    "/usr/lib/tenon/bin/xl cpupool-cpu-add Pool-0 1",
    "dompool -j | grep '\"cpus\":2'",
    "xenstore-rm /local/pool/1 2>/dev/null; true",
)


def pools(machine):
    with machine.check("CPU pools by xl, dompool and our xl"):
        for command in POOLS:
            machine.run(command)


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def stock_on_ours(machine):
    """xl's commands on a guest that domcreate made."""
    with machine.check("xl lists it, its vcpus and its devices"):
        if not re.search(r"^lay +\d+ +128 +1 +--p---\s",
                         machine.run("xl list lay"), re.M):
            raise Failure(machine.run("xl list"))
        text = machine.run("xl vcpu-list lay; xl block-list lay; "
                           "xl network-list lay")
        for word in ("all / all", "51712", "00:16:3e:00:00:02"):
            if word not in text:
                raise Failure(f"no {word} in {text}")
    with machine.check("xl console shows its start, and its shell answers"):
        machine.run("xl unpause lay")
        machine.send("xl console lay\n")
        machine.expect(r"tenon-mark guest-ready", 180)
        machine.expect(r"guest# ", 30)
        if "xvda" not in machine.run("cat /proc/partitions; sleep 1; echo",
                                     60, r"guest# "):
            raise Failure("the guest has no disk")
        machine.send("\x1d")
        machine.expect(r"dom0# ", 20)
    saving(machine, "lay", UUID)
    with machine.check("xl shutdown -w stops it, and our supervisor ends it"):
        machine.run("xl shutdown -w lay", 90)
        gone(machine)
    with machine.check("xl destroy ends a guest of ours"):
        machine.run("domcreate -p /tmp/lay.cfg && xl destroy lay", 120)


# What a hotplug script is called with, and the status that it has to leave.
TELL = r"""#!/bin/sh
{ echo "== $1 $2"; env | grep -E '^(XENBUS|script|vif|netdev)' | sort
xenstore-read $XENBUS_PATH/vifname 2>/dev/null; } >>/tmp/told
[ $1 = add ] && xenstore-write $XENBUS_PATH/physical-device \
7:$(cat /tmp/loop)
case $1 in add|online)
xenstore-write $XENBUS_PATH/hotplug-status connected ;; esac; true"""
SCRIPTED = """name = "sc"
kernel = "/guest/micro/time"
memory = 8
disk = ["vdev=xvda,script=/tmp/tell,target=iqn.2001-05.com.x:y"]
vif = ["script=/tmp/tell,vifname=lan7,ip=10.7.0.2,gatewaydev=xenbr0"]"""
# Both plug in a disk before a card; how they take them away has no order.
TOLD = (r"sed -E 's,/[0-9]+/,/N/,; s/vif[0-9]+/vifN/' /tmp/told | "
        r"tee /tmp/order | sort; grep == /tmp/order | head -n 2; rm /tmp/told")


def scripts(machine):
    """Hotplug scripts: what they are told, and Debian's own."""
    machine.run(f"echo '{encoded(TELL)}' | base64 -d >/tmp/tell; "
                f"echo '{encoded(SCRIPTED)}' | base64 -d >/tmp/sc.cfg; "
                "chmod +x /tmp/tell; losetup -f | tr -cd 0-9 >/tmp/loop; "
                "losetup /dev/loop$(cat /tmp/loop) /guest/initrd.gz")
    with machine.check("scripts are told by domcreate what xl tells them"):
        machine.run("xl create -q -p /tmp/sc.cfg && xl destroy sc", 240)
        stock = machine.run(TOLD).splitlines()
        machine.run("domcreate -p /tmp/sc.cfg && domstop -f sc", 240)
        same("what scripts are told", stock, machine.run(TOLD).splitlines())
        if len(stock) < 20 or not stock[-2].startswith("== add"):
            raise Failure(stock)
    machine.run("losetup -d /dev/loop$(cat /tmp/loop)")
    with machine.check("a script that fails: its words, and nothing stays"):
        machine.run("printf '#!/bin/sh\\necho no portal >&2\\n"
                    "echo $1 >>/tmp/did; exit 1\\n' >/tmp/tell")
        status, text = machine.shell("domcreate -p /tmp/sc.cfg", 120)
        if status != 1 or "/tmp/tell add" not in text or \
                "no portal" not in text:
            raise Failure(f"status {status}: {text}")
        # The card was not begun, and is told nothing.
        machine.run("[ \"$(tr '\\n' ' ' </tmp/did)\" = "
                    "'add remove ' ] && domfsck && rm /tmp/did")


BY_QEMU = ("name=qm kernel=/guest/vmlinux ramdisk=/guest/initrd.gz memory=128 "
           "extra=console=hvc0 \"vfb=['vncdisplay=3,vncunused=0']\" "
           "\"p9=['tag=t,path=/tmp/share,security_model=none']\" ")


def programs(machine):
    """Devices whose back end is stock QEMU."""
    with machine.check("an image that takes contents from another is refused"):
        status, text = machine.shell(
            f"domcreate {BY_QEMU} \"disk=['/guest/backed.img,qcow2,xvda,w']\"")
        if status != 1 or "another file" not in text:
            raise Failure(f"status {status}: {text}")
    with machine.check("QEMU serves qcow2, vhd, a screen by VNC, a folder"):
        machine.run("mkdir -p /tmp/share; echo from dom0 >/tmp/share/here; "
                    f"domcreate {BY_QEMU} \"disk=['/guest/qcow2.img,qcow2,"
                    "xvda,w', '/guest/vpc.img,vhd,xvdb,w']\"", 180)
        machine.run("nc 127.0.0.1 5903 </dev/null | head -c 12 | grep RFB; "
                    "domdev ls qm", 60)
        status, text = machine.shell(
            f"domcreate {BY_QEMU.replace('qm', 'two')} "
            "\"disk=['/guest/vpc.img,vhd,xvda,w']\"")
        if status != 1 or "is a disk of domain" not in text:
            raise Failure(f"status {status}: {text}")
        machine.send("domcons qm\n")
        machine.expect(r"tenon-mark guest-ready", 180)
        machine.expect(r"guest# ", 30)
        for command in (
                "head -c 19 /dev/xvda | grep 'image of QEMU'",
                "head -c 19 /dev/xvdb | grep 'image of QEMU'",
                "modprobe 9pnet_xen; modprobe 9p; mount -t 9p -o trans=xen "
                "t /mnt && grep dom0 /mnt/here && echo by it >/mnt/there",
                "printf 'by the guest' | dd of=/dev/xvda bs=512 seek=9 "
                "conv=sync 2>/dev/null; sync"):
            machine.run(command, 90, r"guest# ")
        machine.send("\x1d")
        machine.expect(r"dom0# ", 20)
        machine.run("grep 'by it' /tmp/share/there")
    with machine.check("QEMU is shut in, and gets a disk that comes later"):
        machine.run("p=$(ps | "
                    "sed -n '/[x]en-domid/s/^ *\\([0-9]*\\).*/\\1/p'); "
                    "grep -E '^(CapEff|NoNew|Seccomp):' /proc/$p/status | "
                    "tr -d '\\t' | tr '\\n' ' ' | grep "
                    "'CapEff:000000000000001b NoNewPrivs:1 Seccomp:2'; "
                    "awk '$5 == \"/\" { print $6 }' /proc/$p/mountinfo | "
                    "grep -E '^ro,.*nodev'")
        machine.run("cp /guest/qcow2.img /tmp/more.img; "
                    "domdev add qm disk /tmp/more.img,qcow2,xvdc,w", 60)
        machine.send("domcons qm\n\n")
        machine.expect(r"guest# ", 30)
        machine.run("printf 'by it' | dd of=/dev/xvdc bs=512 seek=3 conv=sync "
                    "2>/dev/null; sync; dd if=/dev/xvdc bs=512 skip=3 count=1 "
                    "2>/dev/null | grep 'by it'", 60, r"guest# ")
        machine.send("\x1d")
        machine.expect(r"dom0# ", 20)
    with machine.check("QEMU ends with its guest, and all is written"):
        machine.run("domstop -f qm; grep -q 'by the guest' /guest/qcow2.img && "
                    "! ps | grep -q '[x]en-domid' && ! ls /run/xen/qmp-* && "
                    "domfsck", 90)


def killed_program(machine):
    with machine.check("a QEMU that dies under its guest is told"):
        machine.run("killall tenon-reaper; sleep 1; tenon-reaper 2>/tmp/reap; "
                    "domcreate name=qd kernel=/guest/micro/idle memory=8 "
                    "\"disk=['/guest/vpc.img,vhd,xvda,w']\"", 120)
        machine.run("killall -9 xen-qemu-system-i386; for i in $(seq 60); do "
                    "grep 'QEMU of domain .* has ended.*qemu-dm-qd' /tmp/reap "
                    "&& break; sleep 1; done", 90)
        machine.run("domstop -f qd && domfsck", 60)


def own_kernel(machine):
    """xl starts pygrub-c and gives it the guest's console."""
    with machine.check("xl create -c shows pygrub-c's menu"):
        machine.send("xl create -q -c /tmp/own.cfg\n")
        machine.expect(r"Another", 60)
        machine.expect(r"The guest", 10)
        machine.send("\r")
    with machine.check("the guest that xl made runs what was chosen"):
        machine.expect(r"tenon-mark guest-ready", 180)
        machine.expect(r"guest# ", 30)
        text = machine.run("cat /proc/cmdline", 60, r"guest# ").strip()
        machine.send("\x1d")
        machine.expect(r"dom0# ", 20)
        if not text.endswith("console=hvc0 chosen=kept"):
            raise Failure(f"its command line is {text!r}")
        machine.run("xl destroy own")
        left = machine.run("find /run/xen -name '*boot*'").strip()
        if left:
            raise Failure(f"dom0 keeps {left}")
