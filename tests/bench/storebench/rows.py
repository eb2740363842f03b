# SPDX-License-Identifier: BSD-2-Clause
"""The rows of the table: what is asked of the daemons, and what is held."""
from measure import Row, median

PEERS = ("C", "OCaml")
STORES = ("C", "OCaml", "ours")
GROUPS = {}


def group(function):
    """A function that yields rows; its name is what --rows takes."""
    GROUPS[function.__name__] = function
    return function


@group
def closed(bench):
    """16 clients, each waits for its answer."""
    for kind in ("read", "write", "mkdirrm", "directory"):
        yield Row(f"closed loop, {kind}", "1/s",
                  median(bench.rates(kind)),
                  [("null", ">=", 0.85), ("peer", ">=", 1)])


@group
def pipelined(bench):
    """16 clients with 32 requests in flight each."""
    for kind in ("read", "write", "mkdirrm", "directory"):
        yield Row(f"32 in flight, {kind}", "1/s",
                  median(bench.rates(kind, "--window", "32")),
                  [("peer", ">=", 5)])


@group
def transactions(bench):
    """Transactions on own nodes, reads and writes by turns."""
    for ops in (4, 10):
        yield Row(f"transactions of {ops}", "1/s",
                  median(bench.rates("txn", "--ops", str(ops))),
                  [("peer", ">=", 1.5)])


@group
def counter(bench):
    """16 clients add to one counter, in transactions of four round trips."""
    reports = bench.rates("counter")
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
