# SPDX-License-Identifier: BSD-2-Clause
"""Disks of guests, made by the real tools from the samples beside this file.

A sample (samples/NAME.txt, see unit/pygrub_rig.h) names volumes with UUIDs and
labels, and the files in them. Nothing is mounted and no loop device is used.
An empty file of a sample becomes a kernel or ramdisk of its own content, so
that a copy of it tells where it comes from.
"""
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(HERE, 'samples')
MIB = 1 << 20
# Smallest sizes that the tools take, in MiB; files are sparse.
SIZES = {'ext2': 16, 'ext3': 16, 'ext4': 16, 'vfat': 16, 'btrfs': 128,
         'xfs': 320, 'f2fs': 64, 'iso9660': 16, 'lvm': 64}
TOOLS = {'ext2': ['mke2fs'], 'ext3': ['mke2fs'], 'ext4': ['mke2fs'],
         'vfat': ['mkfs.vfat', 'mcopy'], 'btrfs': ['mkfs.btrfs'],
         'xfs': ['mkfs.xfs'], 'f2fs': ['mkfs.f2fs', 'sload.f2fs'],
         'iso9660': ['xorriso']}


def find(tool):
    path = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
    return shutil.which(tool, path=path)


def missing_tools(file_systems):
    names = ['sfdisk'] + [t for fs in file_systems for t in TOOLS[fs]]
    return sorted({t for t in names if not find(t)})


def run(*words, stdin=None):
    path = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
    done = subprocess.run(words, input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          env={**os.environ, 'PATH': path,
                               'MTOOLS_SKIP_CHECK': '1'})
    if done.returncode:
        raise RuntimeError('%s: %s' % (' '.join(words),
                                       done.stdout.decode(errors='replace')))


def blob(device, path, size=70000):
    """A file that passes for a kernel, and is like no other."""
    seed = hashlib.sha256(('%s|%s' % (device, path)).encode()).digest()
    body = bytearray((seed * (size // len(seed) + 1))[:size - len(path) % 97])
    body[0x202:0x206] = b'HdrS'
    return bytes(body)


class Volume:
    def __init__(self, device, uuid, label):
        self.device, self.uuid, self.label = device, uuid, label
        self.files = {}
        self.links = {}

    def part(self):
        """The number of its partition; 0: the whole disk."""
        found = re.search(r',(?:gpt|msdos)(\d+)$', self.device)
        return int(found.group(1)) if found else 0


class Sample:
    def __init__(self, name):
        self.name, self.volumes = name, []
        with open(os.path.join(SAMPLES, name + '.txt'), 'rb') as f:
            text = f.read()
        lines = text.split(b'\n')
        if not any(l.startswith((b'=V ', b'=F ')) for l in lines):
            self.volumes = [Volume('hd0', '-', '-')]
            self.volumes[0].files['/boot/grub/grub.cfg'] = text
            return
        current = None
        for line in lines:
            words = line.decode(errors='surrogateescape').split()
            if line.startswith(b'=V '):
                words += ['-'] * (4 - len(words))
                self.volumes.append(Volume(*words[1:4]))
            elif line.startswith(b'=F '):
                current = (self.volumes[int(words[1])], words[2])
                current[0].files[current[1]] = []
            elif current:
                current[0].files[current[1]].append(line)
        for volume in self.volumes:
            for path, body in volume.files.items():
                body = b'\n'.join(body)
                volume.files[path] = body if body.strip() else None

    def content(self, named):
        """The bytes of "(hd0,gpt2)/boot/vmlinuz"."""
        device, path = re.match(r'\(([^)]*)\)(.*)', named).groups()
        for volume in self.volumes:
            if volume.device == device:
                body = volume.files.get(path)
                return blob(device, path) if body is None else body
        raise KeyError(named)

    def expected(self):
        with open(os.path.join(SAMPLES, self.name + '.json')) as f:
            return json.load(f)


def write_tree(volume, directory):
    for path, body in volume.files.items():
        full = directory + path
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'wb') as f:
            f.write(blob(volume.device, path) if body is None else body)
    for path, target in volume.links.items():
        full = directory + path
        os.makedirs(os.path.dirname(full), exist_ok=True)
        os.symlink(target, full)


def xfs_proto(directory):
    """mkfs.xfs's description of a tree; names have no spaces there."""
    lines = ['/', '0 0', 'd--755 0 0']

    def walk(path):
        for name in sorted(os.listdir(path)):
            full = os.path.join(path, name)
            if os.path.islink(full):
                lines.append('%s l--777 0 0 %s' % (name, os.readlink(full)))
            elif os.path.isdir(full):
                lines.append('%s d--755 0 0' % name)
                walk(full)
                lines.append('$')
            else:
                lines.append('%s ---644 0 0 %s' % (name, full))
    walk(directory)
    return '\n'.join(lines + ['$', ''])


def make_fs(fs, image, tree, uuid, label, size, sector=512):
    """A file system with the files below `tree`, in the new file `image`."""
    with open(image, 'wb') as f:
        f.truncate(size)
    long_uuid = uuid if len(uuid) == 36 else None
    label = '' if label == '-' else label
    if fs.startswith('ext'):
        words = ['mke2fs', '-q', '-F', '-t', fs, '-d', tree]
        words += ['-U', long_uuid] if long_uuid else []
        words += ['-L', label] if label else []
        run(*words, image)
    elif fs == 'vfat':
        words = ['mkfs.vfat', '-S', str(sector)]
        words += ['-i', uuid.replace('-', '')] if len(uuid) == 9 else []
        words += ['-n', label[:11].upper()] if label else []
        run(*words, image)
        names = [os.path.join(tree, n) for n in os.listdir(tree)]
        if names:
            run('mcopy', '-i', image, '-s', '-Q', *names, '::/')
    elif fs == 'btrfs':
        words = ['mkfs.btrfs', '-q', '-f', '-r', tree]
        words += ['-U', long_uuid] if long_uuid else []
        words += ['-L', label] if label else []
        run(*words, image)
    elif fs == 'xfs':
        with open(image + '.proto', 'w') as f:
            f.write(xfs_proto(tree))
        words = ['mkfs.xfs', '-q', '-f', '-p', image + '.proto']
        words += ['-m', 'uuid=' + long_uuid] if long_uuid else []
        words += ['-L', label[:12]] if label else []
        run(*words, image)
    elif fs == 'f2fs':
        words = ['mkfs.f2fs', '-q', '-f']
        words += ['-U', long_uuid] if long_uuid else []
        run(*words, image)
        run('sload.f2fs', '-f', tree, image)
    elif fs == 'iso9660':
        os.unlink(image)
        words = ['xorriso', '-as', 'mkisofs', '-quiet', '-R', '-J']
        if re.match(r'\d{4}(-\d\d){6}$', uuid):
            words += ['--modification-date=' + uuid.replace('-', '')]
        words += ['-V', label] if label else []
        run(*words, '-o', image, tree)
        with open(image, 'r+b') as f:
            f.truncate(max(size, os.path.getsize(image)))
    else:
        raise ValueError(fs)


def copy_sparse(source, target, offset):
    with open(source, 'rb') as s, open(target, 'r+b') as t:
        at, end = 0, os.path.getsize(source)
        while at < end:
            try:
                at = os.lseek(s.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            stop = os.lseek(s.fileno(), at, os.SEEK_HOLE)
            s.seek(at)
            t.seek(offset + at)
            t.write(s.read(stop - at))
            at = stop


def layout(volumes, file_systems, scheme, sector):
    """Start and size in bytes of each volume's partition, and sfdisk's text."""
    at, lines, places = MIB, [], {}
    order = sorted(range(len(volumes)), key=lambda i: volumes[i].part())
    numbers = [volumes[i].part() for i in order]
    lines.append('label: ' + ('gpt' if scheme == 'gpt' else 'dos'))
    lines.append('unit: sectors')
    lines.append('sector-size: %d' % sector)
    if scheme == 'mbr' and any(n > 4 for n in numbers):
        extended = sum(SIZES[file_systems[i]] + 2 for i in order
                       if volumes[i].part() > 4)
    else:
        extended = 0
    has_extended = False
    for i in order:
        number, fs = volumes[i].part(), file_systems[i]
        size = SIZES[fs] * MIB
        if number > 4 and not has_extended:
            lines.append('4: start=%d, size=%d, type=5' % (
                at // sector, extended * MIB // sector))
            has_extended = True
        if number > 4:
            at += MIB
        kind = '83' if scheme == 'mbr' else 'L'
        if scheme == 'gpt' and any(p.startswith('/EFI')
                                   for p in volumes[i].files):
            kind = 'U'
        if volumes[i].label == 'XBOOTLDR':
            kind = 'BC13C2FF-59E6-4262-A352-B275FD6F7172'
        if fs == 'lvm':
            kind = '8e' if scheme == 'mbr' else 'V'
        lines.append('%d: start=%d, size=%d, type=%s' % (
            number, at // sector, size // sector, kind))
        places[i] = (at, size)
        at += size
    return places, '\n'.join(lines) + '\n', at + MIB


def make_disk(sample, file_systems, image, work, sector=512, hybrid=False):
    """A disk with the sample's volumes; the places of its partitions."""
    volumes = sample.volumes[:len(file_systems)]
    scheme = 'whole'
    if volumes[0].part():
        scheme = 'gpt' if 'gpt' in volumes[0].device else 'mbr'
    if scheme == 'whole':
        places, size = {0: (0, SIZES[file_systems[0]] * MIB)}, None
    else:
        places, text, size = layout(volumes, file_systems, scheme, sector)
        with open(image, 'wb') as f:
            f.truncate(size)
        run('sfdisk', '-q', image, stdin=text.encode())
    for i, volume in enumerate(volumes):
        tree = os.path.join(work, 'tree%d' % i)
        part = image if scheme == 'whole' else os.path.join(work, 'part')
        os.makedirs(tree)
        write_tree(volume, tree)
        make_fs(file_systems[i], part, tree, volume.uuid, volume.label,
                places[i][1], sector)
        shutil.rmtree(tree)
        if scheme != 'whole':
            copy_sparse(part, image, places[i][0])
            os.unlink(part)
    if hybrid:
        add_hybrid(image, places, sector)
    return places


class CannotMount(Exception):
    pass


def put_loader(loader, sample, image, work, place):
    """What a machine's own firmware would start, on the first volume."""
    if loader == 'grub-mkstandalone':
        efi = os.path.join(work, 'BOOTX64.EFI')
        run('grub-mkstandalone', '-O', 'x86_64-efi', '-o', efi,
            '--install-modules=part_gpt ext2 search normal linux',
            '--fonts=', '--locales=', '--themes=')
        volume = '%s@@%d' % (image, place[0])
        subprocess.run(['mmd', '-D', 's', '-i', volume, '::/EFI',
                        '::/EFI/BOOT'], stdin=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        run('mcopy', '-D', 'o', '-i', volume, efi, '::/EFI/BOOT/BOOTX64.EFI')
        os.unlink(efi)
        return
    directory = os.path.dirname(next(
        p for p in sample.volumes[0].files if p.endswith('linux.conf')))
    mounted = os.path.join(work, 'mounted')
    os.makedirs(mounted)
    if subprocess.run([find('mount'), '-o', 'loop,offset=%d,sizelimit=%d'
                       % place, image, mounted]).returncode:
        raise CannotMount
    try:
        run('extlinux', '--install', mounted + directory)
    finally:
        subprocess.run([find('umount'), mounted], check=True)
        os.rmdir(mounted)


# Beside what lvm2 writes by itself: making a volume wants the kernel's help.
LVM_VOLUME = '''
	logical_volumes {
		root {
			id = "abcdef-ABCD-efgh-IJKL-mnop-QRST-uvwxyz"
			status = ["READ", "WRITE", "VISIBLE"]
			flags = []
			segment_count = 1
			segment1 {
				start_extent = 0
				extent_count = %d
				type = "striped"
				stripe_count = 1
				stripes = [ "pv0", 0 ]
			}
		}
	}
'''
GROUP_START, GROUP_EXTRA = MIB, 8 * MIB  # where the first partition begins


def make_group_disk(kind, fs_image, image, work):
    """One partition that is a member of LVM or mdraid, with a file system in
    the volume that it makes."""
    size = os.path.getsize(fs_image) + GROUP_EXTRA
    with open(image, 'wb') as f:
        f.truncate(size + 2 * GROUP_START)
    run('sfdisk', '-q', image, stdin=(
        'label: gpt\n1: start=2048, size=%d, type=%s\n' % (
            size // 512, 'V' if kind == 'lvm' else 'R')).encode())
    if kind == 'lvm':
        make_lvm(image, size, os.path.getsize(fs_image), work)
    else:
        make_raid(image, os.path.getsize(fs_image))
    # Both put the data 1 MiB behind the member's beginning.
    copy_sparse(fs_image, image, GROUP_START + MIB)


def make_lvm(image, size, volume_size, work):
    loop = subprocess.run(
        [find('losetup'), '-f', '--show', '-o', str(GROUP_START),
         '--sizelimit', str(size), image], check=True,
        stdout=subprocess.PIPE).stdout.decode().strip()
    config = ('devices { scan=["/dev"] filter=["a|^%s$|","r|.*|"] '
              'use_devicesfile=0 } activation { udev_sync=0 udev_rules=0 } '
              'backup { backup=0 archive=0 }' % loop)
    text = os.path.join(work, 'lvm')
    try:
        run('pvcreate', '--config', config, '-q', loop)
        run('vgcreate', '--config', config, '-q', 'vg-x', loop)
        run('vgcfgbackup', '--config', config, '-f', text, 'vg-x')
        with open(text) as f:
            said = f.read()
        at = said.index('\n\t}\n', said.index('physical_volumes')) + 4
        with open(text, 'w') as f:
            f.write(said[:at] + LVM_VOLUME % (volume_size // (4 * MIB)) +
                    said[at:])
        run('vgcfgrestore', '--config', config, '-f', text, 'vg-x')
    finally:
        subprocess.run([find('losetup'), '-d', loop])


def make_raid(image, volume_size):
    """A superblock of version 1.2, by the layout in linux/raid/md_p.h, of a
    mirror whose other half is not there: mdadm would need the kernel's md."""
    sb = bytearray(1024)
    sectors = volume_size // 512
    struct.pack_into('<III', sb, 0, 0xa92b4efc, 1, 0)
    sb[16:32] = bytes(range(16))
    sb[32:38] = b'guest:'
    sb[38:39] = b'0'
    struct.pack_into('<IIQIII', sb, 72, 1, 0, sectors, 0, 2, 0)
    struct.pack_into('<QQQ', sb, 128, MIB // 512, sectors, 8)
    sb[168:184] = bytes(range(16, 32))
    struct.pack_into('<QQ', sb, 192, 1700000000, 1)
    struct.pack_into('<QII', sb, 208, 0xffffffffffffffff, 0, 2)
    struct.pack_into('<HH', sb, 256, 0, 1)
    total = sum(struct.unpack_from('<%dI' % (260 // 4), sb))
    struct.pack_into('<I', sb, 216,
                     ((total & 0xffffffff) + (total >> 32)) & 0xffffffff)
    with open(image, 'r+b') as f:
        f.seek(GROUP_START + 4096)
        f.write(sb)


def add_hybrid(image, places, sector):
    """Puts the first partition into the protective MBR, too."""
    start, size = places[0]
    entry = bytes([0, 0, 2, 0, 0x83, 0xfe, 0xff, 0xff]) + \
        (start // sector).to_bytes(4, 'little') + \
        (size // sector).to_bytes(4, 'little')
    with open(image, 'r+b') as f:
        f.seek(446 + 16)
        f.write(entry)
