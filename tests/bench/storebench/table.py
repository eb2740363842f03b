# SPDX-License-Identifier: BSD-2-Clause
"""The table, for people and as JSON."""
import json

NAMES = ("null", "calls", "filter", "keep", "work", "C", "OCaml", "ours")


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def head():
    return (f"{'':42}" + "".join(f"{name:>10}" for name in NAMES) +
            f"  {'unit':11}{'ratio':>7}{'by CPU':>8}  target")


def lines(row):
    """The row, with a line for each target."""
    begin = f"{row.name:42}" + "".join(
        f"{number(row.values.get(name)):>10}" for name in NAMES)
    begin += f"  {row.unit:11}"
    verdicts = list(row.verdicts()) or [("", None, True, None)]
    for text, ratio, holds, cpu in verdicts:
        yield (begin + f"{number(ratio) if text else '':>7}"
               f"{number(cpu) if cpu else '':>8}  {text}"
               f"{'' if holds else '  MISSED'}").rstrip()
        begin = " " * len(begin)


def as_json(rows):
    return json.dumps([{
        "row": row.name, "unit": row.unit, "values": row.values,
        "lower_is_better": row.lower,
        "targets": [{"target": text, "ratio": ratio, "holds": holds,
                     "ratio_by_cpu": cpu}
                    for text, ratio, holds, cpu in row.verdicts()],
    } for row in rows], indent=1)
