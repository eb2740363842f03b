#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# dom0.sh STAGE KERNELDIR GUEST OUTPUT: makes dom0's initramfs: busybox,
# Tenon's userland (STAGE is where `make install DESTDIR=STAGE` put it, with
# --prefix=/usr), its libraries, the modules of Debian's kernel, the guest's
# kernel and initramfs in /guest, and dom0-init.
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ $# -eq 4 ] || die 'usage: dom0.sh STAGE KERNELDIR GUEST OUTPUT'
stage=$1 kernel=$2 guest=$3 output=$4
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
mkdir -p "$root"/dev "$root"/proc "$root"/sys "$root"/run "$root"/tmp \
	"$root"/mnt "$root"/root "$root"/guest "$root"/etc \
	"$root"/var/lib/xen "$root"/var/log/xen "$root"/var/cache
ln -s ../run "$root/var/run"

copy_busybox "$root"
copy_modules "$root" xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs \
	xen-blkback xen-netback xen-blkfront xen-acpi-processor ahci ata_piix sd_mod sr_mod \
	virtio_pci virtio_blk virtio_net e1000 crc32c_generic ext4 isofs loop \
	bridge
if [ -d "$stage" ]; then
	(cd "$stage" && tar -cf - --exclude=./boot --exclude='*.la' \
		--exclude=./usr/share --exclude=./usr/include \
		--exclude=./usr/lib/tenon/tenon .) | tar -xf - -C "$root"
	# Scripts that come with Xen set a PATH of their own.
	for tool in "$root"/usr/lib/tenon/bin/xenstore-*; do
		ln -s "../lib/tenon/bin/${tool##*/}" "$root/usr/bin/"
	done
fi

cp "$kernel/vmlinuz" "$root/guest/vmlinuz"
cp "$guest" "$root/guest/initrd.gz"
copy_libraries "$root"
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
