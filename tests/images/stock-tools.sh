#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# stock-tools.sh KERNELDIR OUTPUT: makes what is added to dom0's initramfs for
# comparison (the kernel unpacks one archive after the other): the tools of
# Debian's Xen 4.17, which the kernel's argument tenon.stack=stock starts, their
# libraries and scripts, and the guest's kernel uncompressed.
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ $# -eq 2 ] || die 'usage: stock-tools.sh KERNELDIR OUTPUT'
kernel=$1 output=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
library=usr/lib/x86_64-linux-gnu
bin=usr/lib/xen-4.17/bin
mkdir -p "$root/$library" "$root/$bin" "$root/bin" "$root/etc/xen" \
	"$root/guest" "$root/var"
for name in xen-utils-4.17 libxencall1 libxendevicemodel1 libxenevtchn1 \
	libxenforeignmemory1 libxengnttab1 libxenhypfs1 libxenmisc4.17 \
	libxenstore4 libxentoolcore1 libxentoollog1; do
	dir=$(cached $name)
	[ -d "$dir/$library" ] && cp -a "$dir/$library/." "$root/$library/"
done
# Of the tools only what starts and drives guests, not QEMU's firmware.
dir=$(cached xen-utils-4.17)
[ -d "$dir/usr/lib/xen-4.17/lib" ] &&
	cp -a "$dir/usr/lib/xen-4.17/lib" "$root/usr/lib/xen-4.17/"
for tool in xl xenstored xenconsoled xen-init-dom0 xenconsole xenperf \
	xentrace xentop libxl-save-helper; do
	cp "$dir/$bin/$tool" "$root/$bin/"
done
library_path=
for name in libyajl2 libnl-3-200 libnl-route-3-200 libfdt1 libbz2-1.0 \
	liblzo2-2 libzstd1 liblzma5 libuuid1 libncurses6 libtinfo6 \
	libsmartcols1; do
	dir=$(cached $name)
	for part in lib usr/lib; do
		library_path=$library_path:$dir/$part/x86_64-linux-gnu
	done
done
# xl's threads load this one by name.
cp "$(cached libgcc-s1)"/lib/x86_64-linux-gnu/libgcc_s.so.1 "$root/$library/"
echo 'autoballoon="off"' >"$root/etc/xen/xl.conf"
# The hotplug scripts, and what they need beyond busybox.
cp -a "$(cached xen-utils-common)/etc/xen/scripts" "$root/etc/xen/"
for tool in bash:bin/bash mount:sbin/losetup util-linux:usr/bin/flock; do
	cp "$(cached "${tool%:*}")/${tool#*:}" "$root/bin/"
done
# QEMU as a back end, the keys of its VNC, and images for it. Its libraries are
# those of the host's own QEMU.
mkdir -p "$root/usr/libexec" "$root/usr/share/qemu/keymaps"
cp "$(cached qemu-system-xen)/usr/libexec/xen-qemu-system-i386" \
	"$root/usr/libexec/"
cp /usr/share/qemu/keymaps/en-us "$root/usr/share/qemu/keymaps/"
echo 'in an image of QEMU' >"$root/guest/text"
truncate -s 8M "$root/guest/text"
for format in qcow2 vpc; do
	qemu-img convert -f raw -O $format "$root/guest/text" \
		"$root/guest/$format.img"
done
qemu-img create -q -u -f qcow2 -F raw -b /guest/text "$root/guest/backed.img" 8M
rm "$root/guest/text"
cp "$kernel/vmlinux" "$root/guest/vmlinux"
ln -s ../run/lock "$root/var/lock"
copy_libraries "$root" "$library_path"
pack "$root" "$output"
