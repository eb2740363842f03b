/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of versions as package managers and boot loaders take it: digits
 * count as numbers and are newer than letters, '~' is older than the end, '^'
 * newer than it, and what else stands between only separates (the Boot Loader
 * and the Version Format Specification; rpm's rule).
 */
#ifndef PYGRUB_VERCMP_H
#define PYGRUB_VERCMP_H

/* Less than, equal to, greater than 0, as strcmp. */
int vercmp(const char *a, const char *b);

#endif
