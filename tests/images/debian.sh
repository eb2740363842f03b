#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# debian.sh FOLDER: makes two disks of a Debian guest, with a partition table and
# one ext4 file system each: FOLDER/one.img as debootstrap installs it, with
# Debian's kernel and the configuration that its own update-grub wrote, and
# FOLDER/two.img after its own apt brought the newer kernel that Debian's security
# updates have. Root.
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ $# -eq 1 ] || { echo 'usage: debian.sh FOLDER' >&2; exit 2; }
out=$1 root=$1/root size=1600
mkdir -p "$out"

# in_root COMMAND...: in the guest's root, with the machine's devices there while
# it runs; no service is started.
in_root() {
	mount --bind /dev "$root/dev"
	mount -t proc proc "$root/proc"
	trap 'umount "$root/proc" "$root/dev"' EXIT
	env DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
	umount "$root/proc" "$root/dev"
	trap - EXIT
}

# disk IMAGE: the root as the first partition of a disk.
disk() {
	in_root apt-get clean
	rm -f "$1"
	truncate -s ${size}M "$1"
	echo 'start=2048, type=83, bootable' | sfdisk -q "$1"
	mke2fs -q -t ext4 -U "$uuid" -L guest -E offset=1048576 -d "$root" "$1" \
		$(((size - 1) * 1024))k
}

uuid=$(cat /proc/sys/kernel/random/uuid)
debootstrap --variant=minbase \
	--include=linux-image-amd64,initramfs-tools,grub-pc-bin,grub2-common \
	"$(debian_suite)" "$root" "$(debian_mirror)"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
echo guest >"$root/etc/hostname"
echo "UUID=$uuid / ext4 defaults 0 1" >"$root/etc/fstab"
cat >"$root/sbin/guest-init" <<'I'
#!/bin/sh
mount -t proc proc /proc
mount -o remount,rw /
echo "debian-guest runs $(uname -r)"
sync
sleep 1
echo o >/proc/sysrq-trigger
sleep 60
I
chmod 755 "$root/sbin/guest-init"
mkdir -p "$root/etc/default/grub.d" "$root/boot/grub"
cat >"$root/etc/default/grub.d/guest.cfg" <<G
GRUB_CMDLINE_LINUX="console=hvc0 init=/sbin/guest-init"
GRUB_DISABLE_OS_PROBER=true
G
# update-grub asks the machine for its root's device, which a chroot has not.
in_root dpkg-divert --quiet --rename --add /usr/sbin/grub-probe
cat >"$root/usr/sbin/grub-probe" <<P
#!/bin/sh
case \$* in
*target=device*) echo /dev/xvda1 ;;
*target=fs_uuid*) echo $uuid ;;
*target=fs_label*) echo guest ;;
*target=fs*) echo ext2 ;;
*target=partmap*) echo msdos ;;
*target=abstraction*) ;;
*target=drive*) echo '(hd0,msdos1)' ;;
*target=compatibility_hint*) echo hd0,msdos1 ;;
*target=hints_string*) echo "--hint='hd0,msdos1'" ;;
*) exec /usr/sbin/grub-probe.distrib "\$@" ;;
esac
P
chmod 755 "$root/usr/sbin/grub-probe"
in_root update-grub
disk "$out/one.img"
cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || :
cp -r /etc/apt/sources.list* "$root/etc/apt/" 2>/dev/null || :
in_root apt-get update -qq
in_root apt-get install -qq -y linux-image-amd64
in_root update-grub
disk "$out/two.img"
rm -rf "$root"
