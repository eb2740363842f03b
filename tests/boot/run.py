#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the boot tests in QEMU; ends with a line "N passed, N failed".

run.py --build DIR --images DIR [--out DIR] [-k WORD] [--list]
       [--minutes N]

--build   a build tree: hypervisor/tenon.gz and hypervisor/tenon are used
--images  what tests/images/all.sh made: vmlinuz, vmlinux, dom0.gz, guest.gz
--minutes N
          no case is started after that time, and what was not fails
--hypervisor FILE --stack stock
          another hypervisor with Debian's own daemons in dom0, to tell the
          tests' faults from ours
"""
import argparse
import importlib
import os
import signal
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from harness import CASES, Context          # noqa: E402
from machine import Failure                 # noqa: E402

CASE_LIMIT = 900    # seconds: above all that a case may wait for in turn


def late(*_):
    raise Failure(f"the case took more than {CASE_LIMIT} s", fatal=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--build", default=".")
    parser.add_argument("--images", default="images")
    parser.add_argument("--out", default="boot-logs")
    parser.add_argument("--hypervisor")
    parser.add_argument("--stack", default="")
    parser.add_argument("-k", default="", metavar="WORD",
                        help="only cases with WORD in their name")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    options = parser.parse_args()

    for name in sorted(os.listdir(os.path.join(HERE, "cases"))):
        if name.endswith(".py"):
            importlib.import_module("cases." + name[:-3])
    chosen = [c for c in CASES if options.k in c.__name__]
    if options.list:
        for c in chosen:
            print(f"{c.__name__:20} {c.__doc__.strip().splitlines()[0]}")
        return 0

    hypervisor = options.hypervisor or os.path.join(
        options.build, "hypervisor", "tenon.gz")
    for name in (hypervisor, os.path.join(options.images, "dom0.gz")):
        if not os.path.exists(name):
            print(f"run.py: no {name}: build first (make, then "
                  f"tests/images/all.sh)", file=sys.stderr)
            return 1
    os.makedirs(options.out, exist_ok=True)
    context = Context(hypervisor,
                      os.path.join(options.build, "hypervisor", "tenon"),
                      options.images, os.path.abspath(options.out),
                      options.stack)
    end = time.monotonic() + 60 * options.minutes
    signal.signal(signal.SIGALRM, late)
    for c in chosen:
        context.name = c.__name__
        try:
            if time.monotonic() > end:
                raise Failure("no time was left for it", fatal=True)
            signal.alarm(CASE_LIMIT)
            c(context)
        except Failure as failure:
            if not failure.fatal:
                raise
            if not any(f.startswith(c.__name__) for f in context.failed):
                context.failed.append(c.__name__)
                print(f"FAIL {c.__name__}\n    {failure}", flush=True)
        except Exception:                   # a fault of the case itself
            context.failed.append(c.__name__)
            traceback.print_exc()
        finally:
            signal.alarm(0)
    for label in context.failed:
        print(f"failed: {label}")
    print(f"{len(context.passed)} passed, {len(context.failed)} failed"
          + (f", {len(context.skipped)} skipped" if context.skipped else ""))
    return 1 if context.failed or not context.passed else 0


if __name__ == "__main__":
    sys.exit(main())
