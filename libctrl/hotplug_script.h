/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way by a script: stock tools' arguments, environment and contract in the
 * store (xl-disk-configuration(5), xl-network-configuration(5)).
 *
 *   disks   SCRIPT add|remove
 *   cards   SCRIPT online|offline type_if=vif
 *
 * It runs in a session of its own, with /dev/null as its input and the log as
 * its output; what of that does not end in time is killed, with all that it
 * started. When it has plugged something in it leaves hotplug-status
 * "connected" in the back end's folder, else hotplug-error.
 */
#ifndef LIBCTRL_HOTPLUG_SCRIPT_H
#define LIBCTRL_HOTPLUG_SCRIPT_H

struct device;
struct why;
struct xs;

/* HOTPLUG_LOG and what stock tools wait; tests have others. */
extern const char *hotplug_script_log;
extern unsigned int hotplug_script_seconds;

/*
 * Runs the script for the device whose back end's folder is `back`, and notes
 * before that it was begun. -ETIMEDOUT: it does not end; -EIO: it cannot be
 * run, fails, or leaves no word in the store, and `why` has its own.
 */
int hotplug_script_add(struct xs *xs, const struct device *d, const char *back,
	const char *script, struct why *why);
/*
 * In the device's record: "0" from the start (device_write), "1" from before
 * its script is run. Other tools' devices have no such note.
 */
#define HOTPLUG_SCRIPT_NOTE "tenon-script"
/*
 * 1: the script was begun, however it ended; 0: it was not; -ENOENT: nothing is
 * noted, for another tool made the device; an error of the store.
 */
int hotplug_script_begun(struct xs *xs, const struct device *d);
int hotplug_script_remove(struct xs *xs, const struct device *d,
	const char *back, const char *script, struct why *why);

#endif
