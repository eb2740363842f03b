/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Error numbers, returned negated.  The values are those of the guest ABI
 * (public/errno.h, equal to Linux's); tests/abi proves it.
 */
#ifndef TENON_ERRNO_H
#define TENON_ERRNO_H

#ifdef TENON_HOSTED
#include <errno.h>
#else
#define EPERM	   1
#define ENOENT	   2
#define ESRCH	   3
#define EINTR	   4
#define EIO	   5
#define ENXIO	   6
#define E2BIG	   7
#define ENOEXEC	   8
#define EBADF	   9
#define EAGAIN	   11
#define ENOMEM	   12
#define EACCES	   13
#define EFAULT	   14
#define EBUSY	   16
#define EEXIST	   17
#define EXDEV	   18
#define ENODEV	   19
#define EISDIR	   21
#define EINVAL	   22
#define ENFILE	   23
#define ENOSPC	   28
#define EROFS	   30
#define ERANGE	   34
#define EDEADLK	   35
#define ENOSYS	   38
#define ENOTEMPTY  39
#define ENODATA	   61
#define EBADRQC	   56
#define EILSEQ	   84
#define EOVERFLOW  75
#define EUSERS	   87
#define EOPNOTSUPP 95
#define EADDRINUSE 98
#define ENOBUFS	   105
#define EISCONN	   106
#define ENOTCONN   107
#define ETIMEDOUT  110
#endif

/*
 * Inside the core only, never seen by a guest: the hypercall stopped half way,
 * its arguments say where, and it is to be entered again (hypercall.h).
 */
#define ERESTART_HC 85

#endif
