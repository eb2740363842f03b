# SPDX-License-Identifier: BSD-2-Clause
"""The rows of the table: what is asked of the daemons, and what is held."""
from measure import Row, median

FLOORS = ("null", "calls", "filter", "keep", "work")
STORES = ("C", "OCaml", "ours")
GROUPS = {}


def group(function):
    """A function that yields rows; its name is what --rows takes."""
    GROUPS[function.__name__] = function
    return function


def rate_row(name, reports, targets, unit="1/s", own=None):
    return Row(name, unit, median(reports), targets, own=own,
               cpu=median(reports, "a cpu second"))


@group
def closed(bench):
    """16 clients, each waits for its answer."""
    for kind in ("read", "write", "mkdirrm", "directory"):
        yield rate_row(f"closed loop, {kind}",
                       bench.rates(kind, names=(*FLOORS, *STORES)),
                       [("null", ">=", 0.85), ("keep", ">=", 0.85),
                        ("peer", ">=", 1)])


@group
def pipelined(bench):
    """16 clients with 32 requests in flight each."""
    for kind in ("read", "write", "mkdirrm", "directory"):
        yield rate_row(f"32 in flight, {kind}",
                       bench.rates(kind, "--window", "32"),
                       [("peer", ">=", 5)])


@group
def transactions(bench):
    """Transactions on own nodes, reads and writes by turns."""
    for ops in (4, 10):
        yield rate_row(f"transactions of {ops}",
                       bench.rates("txn", "--ops", str(ops)),
                       [("peer", ">=", 1.5)])


@group
def counter(bench):
    """16 clients add to one counter, in transactions of four round trips.
    One commit can only follow the other: null's figure is that of one client,
    whose round trips follow each other as well."""
    reports = bench.rates("counter", names=STORES)
    reports.update(bench.rates("counter", "--clients", "1", names=("null",)))
    fair = median(reports, "least_share").get("ours", 0)
    yield Row("one counter, 16 clients", "commits/s", median(reports),
              [("null", ">=", 0.65), ("C", ">=", 8),
               ("slowest/mean", ">=", 0.5)], own={"slowest/mean": fair})


@group
def instructions(bench):
    """User-space instructions a request, counted by callgrind."""
    for kind in ("read", "write", "mkdirrm", "directory"):
        yield Row(f"instructions, {kind}", "a request",
                  {d.name: bench.instructions(d, kind)
                   for d in bench.chosen()}, [("C", "<=", 0.33)], lower=True)


def per_operation(reports):
    """Microseconds of wall time for one operation."""
    return {name: 1e6 / rate for name, rate in median(reports).items()}


@group
def watches(bench):
    """One write with all the events of its matching watches."""
    others = "10000" if bench.options.quick else "100000"
    ours = {}
    for matching in (1, 100, 10000):
        values = per_operation(bench.rates(
            "watch", "--clients", "101", "--matching", str(matching),
            "--others", others, names=STORES, runs=3,
            once=False))
        ours[matching] = values.get("ours", 0)
        targets, own = [("peer", "<=", 1)], {}
        if matching == 10000 and ours[100]:
            # the cost of one more match, among many and among few
            own["each, to each of 100"] = (
                (ours[10000] - ours[1]) / 9999 / ((ours[100] - ours[1]) / 99))
            targets.append(("each, to each of 100", "<=", 1.5))
        yield Row(f"write, {matching} of {others} watches match", "us",
                  values, targets, lower=True, own=own)
    values = per_operation(bench.rates(
        "watch", "--clients", "101", "--matching", "1", "--others", "0",
        names=STORES, runs=3,
            once=False))
    own = {"with/without others": ours[1] / values["ours"]
           } if "ours" in values else {}
    yield Row("write, 1 watch matches, no other", "us", values,
              [("with/without others", "<=", 1.2)], lower=True, own=own)


def growth(bench, daemon, kind, small, large):
    """Instructions a request with few nodes and with many, and the ratio."""
    few, many = (bench.instructions(daemon, kind, "--nodes", str(nodes))
                 for nodes in (small, large))
    return many, many / few


@group
def directory(bench):
    """A directory of 10,000 children, changed, and read in parts."""
    for kind, what in (("wide", "mkdir+rm"), ("part", "one part")):
        # Debian's oxenstored does not know DIRECTORY_PART.
        names = STORES if kind == "wide" else ("C", "ours")
        yield rate_row(f"10,000 children, {what}", bench.rates(
            kind, "--nodes", "10000", names=names), [("peer", ">=", 1)])
    for kind, what, small in (("wide", "mkdir+rm", 10),
                              ("part", "one part", 2000)):
        for daemon in bench.chosen(["ours"]):
            value, ratio = growth(bench, daemon, kind, small, 10000)
            yield Row(f"instructions, 10,000 children, {what}", "a request",
                      {"ours": value}, [(f"to {small} children", "<=", 1.5)],
                      lower=True, own={f"to {small} children": ratio})


@group
def size(bench):
    """Instructions a request in a large store."""
    nodes = 10000 if bench.options.quick else 1000000
    for kind in ("tree-read", "tree-write"):
        for daemon in bench.chosen(["ours"]):
            value, ratio = growth(bench, daemon, kind, 10, nodes)
            yield Row(f"instructions, {kind[5:]}, {nodes} nodes", "a request",
                      {"ours": value}, [("to 10 nodes", "<=", 1.5)],
                      lower=True, own={"to 10 nodes": ratio})


@group
def connections(bench):
    """Reads in closed loop by few and by many clients."""
    for clients in (1, 16, 256, 4000):
        # With 4,000 Debian's daemons need minutes to have served each once.
        names = ("null", "ours") if clients == 4000 else ("null", *STORES)
        yield rate_row(f"read, {clients} clients", bench.rates(
            "read", "--clients", str(clients), names=names),
            [("null", ">=", 0.85)])


@group
def memory(bench):
    """Memory that a store takes for each node, its journal apart."""
    nodes = 10000 if bench.options.quick else 100000
    yield Row(f"memory a node, {nodes} nodes", "bytes", {
        d.name: bench.memory(d, "tree-read", "--nodes", str(nodes)) / nodes
        for d in bench.chosen(STORES)}, [("C", "<=", 0.6)], lower=True)


@group
def latency(bench):
    """99th percentile of a client's reads beside a hostile guest."""
    for mode in ("flood", "storm", "silence", "indices"):
        for daemon in bench.chosen(["ours"]):
            p99 = median(bench.under_attack(daemon, mode, "read",
                                            "--clients", "1"), "p99_us")
            yield Row(f"p99 of a read beside a {mode}", "us",
                      {"ours": p99["beside"]}, [("to alone", "<=", 3)],
                      lower=True,
                      own={"to alone": p99["beside"] / p99["alone"]})


@group
def compaction(bench):
    """The longest that writes wait while the journal is compacted."""
    nodes = 10000 if bench.options.quick else 100000
    waits = median(bench.rates("tree-write", "--clients", "1", "--nodes",
                               str(nodes), "--seconds", "2",
                               names=("null", "ours")), "max_us")
    waits = {name: wait / 1000 for name, wait in waits.items()}
    yield Row(f"longest wait in 2 s of writes, {nodes} nodes", "ms", waits,
              [("null", "<=", 3)], lower=True)


@group
def kill(bench):
    """From a kill of the worker to the first answer."""
    for daemon in bench.chosen(["ours"]):
        found = [bench.outage(daemon, "tree-read", "--clients", "1000",
                              "--nodes", "100000")
                 for _ in range(1 if bench.options.quick else 5)]
        if None in found:
            yield Row("kill to first answer", "s", {}, [], lower=True)
            continue
        worst, busy = max(gap for gap, _ in found), max(c for _, c in found)
        yield Row("kill to first answer", "s", {"ours": worst},
                  [("seconds", "<=", 0.2), ("by CPU", "<=", 0.2)], lower=True,
                  own={"seconds": worst, "by CPU": busy})
