#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# stock.sh OUTPUT: puts the hypervisor of Debian's Xen 4.17 there, for
# comparison; its package is unpacked in the cache and not installed.
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ $# -eq 1 ] || die 'usage: stock.sh OUTPUT'
dir=$(package xen-hypervisor-4.17-amd64)
cp "$dir/boot/xen-4.17-amd64.gz" "$1"
