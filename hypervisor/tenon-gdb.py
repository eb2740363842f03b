# SPDX-License-Identifier: BSD-2-Clause
"""gdb in the hypervisor: what its structures say, in words.

    gdb hypervisor/tenon -x hypervisor/tenon-gdb.py
    (gdb) target remote 127.0.0.1:1234

Then `tenon` and one of: domains, vcpus [DOMID], frame NUMBER, queues,
log [LINES]. They read memory alone, wherever the machine stands, once the
hypervisor has its own page tables; what they show may be half changed.
"""
import gdb

# arch/x86_64/include/arch/memory.h
FRAME_TABLE = 0xffff82e000000000
M2P = 0xffff808000000000
STATES = ("running", "runnable", "blocked", "offline")
LIVES = ("alive", "dying", "dead")
PAUSES = ((1, "blocked"), (2, "down"), (4, "polling"), (8, "audited"))


def value(text):
    return gdb.parse_and_eval(text)


def number(text):
    return int(value(text))


def static(file, name):
    """A static variable; its file as the compiler was told it."""
    for symbol in gdb.lookup_static_symbols(name):
        if symbol.symtab.filename.endswith(file):
            return symbol.value()
    raise gdb.GdbError(f"{file} has no {name}: is this the image that runs?")


def domains():
    chunks = static("dom/domain.c", "table")
    for i in range(chunks.type.range()[1] + 1):
        if not chunks[i]:
            continue
        for n in range(512):        # CHUNK_IDS
            if chunks[i][n]:
                yield chunks[i][n].dereference()


def vcpus(domain):
    for i in range(int(domain["vcpu_count"])):
        if domain["vcpu"][i]:
            yield domain["vcpu"][i].dereference()


def name_of(vcpu):
    return f"d{int(vcpu['domain']['id'])}v{int(vcpu['id'])}"


class Tenon(gdb.Command):
    """The hypervisor's structures: domains, vcpus, frame, queues, log."""

    def __init__(self):
        super().__init__("tenon", gdb.COMMAND_DATA, prefix=True)


class Domains(gdb.Command):
    """tenon domains: each with its frames, vcpus and pauses."""

    def __init__(self):
        super().__init__("tenon domains", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        for d in domains():
            life = int(d["life"])
            print(f"d{int(d['id'])} at {int(d.address):#x}: "
                  f"{LIVES[life] if life < len(LIVES) else life}, "
                  f"{int(d['page_count'])} frames of at most "
                  f"{int(d['page_max'])}, {len(list(vcpus(d)))} vcpus, "
                  f"{int(d['pauses'])} pauses, {int(d['refs'])} references"
                  + (", privileged" if d["is_privileged"] else ""))


class Vcpus(gdb.Command):
    """tenon vcpus [DOMID]: where each is, why it does not run."""

    def __init__(self):
        super().__init__("tenon vcpus", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        wanted = int(argument, 0) if argument else None
        for d in domains():
            if wanted not in (None, int(d["id"])):
                continue
            for v in vcpus(d):
                flags = int(v["pause_flags"])
                why = [word for bit, word in PAUSES if flags & bit]
                print(f"{name_of(v)} at {int(v.address):#x}: CPU "
                      f"{int(v['processor'])}, "
                      f"{STATES[int(v['runstate']['state'])]}"
                      + (", on it" if v["is_running"] else "")
                      + (f", {' '.join(why)}" if why else "")
                      + (", in its kernel" if v["arch"]["in_kernel"]
                         else ", in user code"))


class Frame(gdb.Command):
    """tenon frame NUMBER: owner, references and type of a machine frame."""

    def __init__(self):
        super().__init__("tenon frame", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError("tenon frame takes a frame's number")
        mfn = int(gdb.parse_and_eval(argument))
        if mfn < 0 or mfn >= number("frame_count"):
            raise gdb.GdbError(f"{mfn:#x} is no frame: there are "
                               f"{number('frame_count'):#x}")
        at = f"((struct page *){FRAME_TABLE:#x})[{mfn}]"
        ref, kind = number(at + ".ref"), number(at + ".type")
        owner = ref >> 48
        bits = [word for bit, word in (
            (47, "allocated"), (46, "shared"), (45, "dirty"), (44, "free"))
            if ref >> bit & 1]
        pfn = number(f"*(unsigned long *){M2P + 8 * mfn:#x}")
        print(f"frame {mfn:#x}: "
              + ("nobody's" if owner in (0x7ff4, 0x7fff) else f"d{owner}'s")
              + f", {ref & 0xffffffff} references"
              + (f" ({', '.join(bits)})" if bits else "")
              + f", type word {kind:#018x}, pfn {pfn:#x}")


class Queues(gdb.Command):
    """tenon queues: who runs on each CPU, and who waits."""

    def __init__(self):
        super().__init__("tenon queues", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        vcpu = gdb.lookup_type("struct vcpu")
        link = int(value("(unsigned long)&((struct vcpu *)0)->sched.link"))
        for cpu in range(number("cpu_count")):
            q = value(f"run_queues[{cpu}]")
            if not q["chosen"]:
                continue
            chosen = q["chosen"].dereference()
            head, waiting = q["list"].address, []
            at = q["list"]["next"]
            while at != head and len(waiting) < 1000:
                v = gdb.Value(int(at) - link).cast(
                    vcpu.pointer()).dereference()
                waiting.append(name_of(v))
                at = at["next"]
            print(f"CPU {cpu}: runs {name_of(chosen)}"
                  + (" (idle)" if chosen["is_idle"] else "")
                  + f", {int(q['count'])} wait"
                  + (": " + " ".join(waiting) if waiting else ""))


class Log(gdb.Command):
    """tenon log [LINES]: the end of the hypervisor's messages."""

    def __init__(self):
        super().__init__("tenon log", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        ring, size, end, start = (static("core/console.c", name) for name in (
            "ring", "ring_size", "ring_end", "ring_start"))
        size, end, start = int(size), int(end), int(start)
        start = max(start, end - size)
        whole = gdb.selected_inferior().read_memory(int(ring), size).tobytes()
        first, n = start % size, end - start
        text = (whole[first:] + whole[:first])[:n]
        lines = text.decode("ascii", "replace").splitlines()
        count = int(argument, 0) if argument else len(lines)
        print("\n".join(lines[-count:]))


for command in (Tenon, Domains, Vcpus, Frame, Queues, Log):
    command()
