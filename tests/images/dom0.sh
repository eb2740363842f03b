#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# dom0.sh [--stock] STAGE KERNELDIR GUEST OUTPUT: makes dom0's initramfs: busybox,
# Tenon's userland (STAGE is where `make install DESTDIR=STAGE` put it, with
# --prefix=/usr), its libraries, the modules of Debian's kernel, the guest's
# kernel and initramfs in /guest, and dom0-init.
#
# --stock adds the tools of Debian's Xen 4.17 (for comparison; the kernel's
# argument tenon.stack=stock starts them) and the guest's kernel uncompressed.
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
stock=
[ "$1" = --stock ] && { stock=yes; shift; }
[ $# -eq 4 ] || die 'usage: dom0.sh [--stock] STAGE KERNELDIR GUEST OUTPUT'
stage=$1 kernel=$2 guest=$3 output=$4
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
mkdir -p "$root"/dev "$root"/proc "$root"/sys "$root"/run "$root"/tmp \
	"$root"/mnt "$root"/root "$root"/guest "$root"/etc \
	"$root"/var/lib/xen "$root"/var/log/xen
ln -s ../run "$root/var/run"

copy_busybox "$root"
copy_modules "$root" xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs \
	xen-blkback xen-netback xen-acpi-processor ahci ata_piix sd_mod sr_mod \
	virtio_pci virtio_blk virtio_net e1000 crc32c_generic ext4 isofs loop \
	bridge
if [ -d "$stage" ]; then
	(cd "$stage" && tar -cf - --exclude=./boot --exclude='*.la' \
		--exclude=./usr/share --exclude=./usr/include \
		--exclude=./usr/lib/tenon/tenon .) | tar -xf - -C "$root"
fi

library_path=
if [ -n "$stock" ]; then
	for name in xen-utils-4.17 libxencall1 libxendevicemodel1 \
		libxenevtchn1 libxenforeignmemory1 libxengnttab1 libxenhypfs1 \
		libxenmisc4.17 libxenstore4 libxentoolcore1 libxentoollog1; do
		dir=$(package $name)
		for part in usr/lib/xen-4.17/bin usr/lib/xen-4.17/lib \
			usr/lib/x86_64-linux-gnu; do
			[ -d "$dir/$part" ] || continue
			mkdir -p "$root/$part"
			cp -a "$dir/$part/." "$root/$part/"
		done
	done
	# Of the tools only what starts and drives guests, not QEMU's firmware.
	(cd "$root/usr/lib/xen-4.17/bin" && for tool in *; do
		case $tool in
		xl | xenstored | xenconsoled | xen-init-dom0 | xenconsole) ;;
		*) rm -rf "$tool" ;;
		esac
	done)
	for name in libyajl2 libnl-3-200 libnl-route-3-200 libfdt1 libbz2-1.0 \
		liblzo2-2 libzstd1 liblzma5 libuuid1; do
		dir=$(package $name)
		for part in lib usr/lib; do
			library_path=$library_path:$dir/$part/x86_64-linux-gnu
		done
	done
	# xl's threads load this one by name.
	dir=$(package libgcc-s1)
	cp "$dir"/lib/x86_64-linux-gnu/libgcc_s.so.1 \
		"$root/usr/lib/x86_64-linux-gnu/"
	mkdir -p "$root/etc/xen"
	echo 'autoballoon="off"' >"$root/etc/xen/xl.conf"
	# The hotplug scripts, and what they need beyond busybox.
	dir=$(package xen-utils-common)
	cp -a "$dir/etc/xen/scripts" "$root/etc/xen/"
	for tool in bash:bin/bash mount:sbin/losetup; do
		dir=$(package "${tool%:*}")
		rm -f "$root/bin/${tool##*/}"
		cp "$dir/${tool#*:}" "$root/bin/"
	done
	for name in libtinfo6 libsmartcols1; do
		dir=$(package $name)
		for part in lib usr/lib; do
			library_path=$library_path:$dir/$part/x86_64-linux-gnu
		done
	done
	cp "$kernel/vmlinux" "$root/guest/vmlinux"
	ln -s ../run/lock "$root/var/lock"
fi
cp "$kernel/vmlinuz" "$root/guest/vmlinuz"
cp "$guest" "$root/guest/initrd.gz"
copy_libraries "$root" "$library_path"
find "$root/usr" -type f \( -name '*.so*' -o -perm -u+x \) -exec \
	strip --strip-unneeded {} + 2>/dev/null || :
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
install -m 755 "$here/dom0-init" "$root/init"
cat >"$root/guest/hello.cfg" <<'C'
name = "hello"
kernel = "/guest/vmlinuz"
ramdisk = "/guest/initrd.gz"
extra = "console=hvc0"
memory = 128
vcpus = 1
C
pack "$root" "$output"
