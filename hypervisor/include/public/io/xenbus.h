/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state that each end of a split device writes, as a decimal number, to
 * its "state" node in the store.
 */
#ifndef PUBLIC_IO_XENBUS_H
#define PUBLIC_IO_XENBUS_H

enum xenbus_state {
	XenbusStateUnknown = 0, /* no such node */
	XenbusStateInitialising = 1,
	XenbusStateInitWait = 2,    /* the back end waits for the front end */
	XenbusStateInitialised = 3, /* the front end has written its part */
	XenbusStateConnected = 4,
	XenbusStateClosing = 5,
	XenbusStateClosed = 6,
	XenbusStateReconfiguring = 7,
	XenbusStateReconfigured = 8,
};

#endif
