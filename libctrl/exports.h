/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libtenonctrl.so gives to others: what its public headers declare, and
 * nothing else. The compiler reads this file before each source, with all else
 * hidden (Makefile.am); a public header that is not named here links with
 * nothing.
 */
#ifndef EXPORTS_H
#define EXPORTS_H

#pragma GCC visibility push(default)
#include <tenonctrl/build_pv.h>
#include <tenonctrl/call.h>
#include <tenonctrl/device.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/domstate.h>
#include <tenonctrl/dump_pv.h>
#include <tenonctrl/event.h>
#include <tenonctrl/fmem.h>
#include <tenonctrl/gnt.h>
#include <tenonctrl/hotplug.h>
#include <tenonctrl/image.h>
#include <tenonctrl/move_pv.h>
#include <tenonctrl/qemu.h>
#include <tenonctrl/save_file.h>
#include <tenonctrl/save_pv.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/trace.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#pragma GCC visibility pop

#endif
