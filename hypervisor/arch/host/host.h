/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the fake machine. */
#ifndef HOST_H
#define HOST_H

/* Above 0 no coroutine is switched: inside an interrupt handler. */
extern unsigned host_no_switch;

#endif
