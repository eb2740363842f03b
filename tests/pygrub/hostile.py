#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Disks made to harm: each run ends in time, with a status, and leaves
nothing behind; what is fit to be booted is still booted."""
import os
import random
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import images  # noqa: E402
import rig  # noqa: E402

MIB = 1 << 20
ENTRY = b"menuentry 'x' {\n linux /boot/k a\n}\n"
SEED = 20  # of all damage below, to see it again


def config(text, **more):
    files = {'/boot/grub/grub.cfg': text, '/boot/k': None}
    files.update(more.pop('files', {}))
    return rig.Guest(files, **more)


def boots(program, guest, *options):
    done = rig.run(program, guest, '-q', *options)
    assert not done.status, done.err
    files = rig.take_files(guest)
    assert files['boot_kernel'] == guest.content('/boot/k'), 'another kernel'


def refuses(program, guest, *options, says=''):
    done = rig.run(program, guest, '-q', *options)
    assert done.status == 1 and not done.out, (done.status, done.out)
    assert says in done.err, done.err


def case_loops(program):
    """scripts that never end"""
    for text in (b'while true; do set a=1; done\n',
                 b'function f { f; f; }\nf\n',
                 b'source /boot/grub/grub.cfg\n',
                 b'configfile /boot/grub/grub.cfg\n',
                 b'set a=x\n' + b'set a="$a$a"\n' * 64):
        with config(text + ENTRY) as g:
            done = rig.run(program, g, '-q')
            assert done.status in (0, 1)
            rig.take_files(g)


def case_counts(program):
    """100,000 entries, deep submenus, long lines, many ramdisks"""
    for text in (b"menuentry 'a' { true; }\n" * 100000,
                 b"submenu 's' {\n" * 5000 + b'}\n' * 5000,
                 b'set a=' + b'x' * 900000 + b'\n',
                 b"menuentry 'x' {\n linux /boot/k\n initrd" +
                 b' /boot/k' * 5000 + b'\n}\n'):
        with config(text + ENTRY) as g:
            done = rig.run(program, g, '-q')
            assert done.status in (0, 1)
            rig.take_files(g)
            assert rig.run(program, g, '-l').status in (0, 1)


def case_big_config(program):
    """a configuration of 40 MiB is not read"""
    with config(b'#' * (40 * MIB), fs='btrfs') as g:
        done = rig.run(program, g, '-q')
        assert done.status in (0, 1)
        rig.take_files(g)


def case_symlinks(program):
    """links in circles, and out of the guest"""
    links = {'/vmlinuz': 'vmlinuz', '/a/b': '/c/d', '/c/d': '/a/b',
             '/etc/x': '/../../../../../../etc/passwd',
             '/boot/p': '/etc/passwd', '/boot/k2': '../boot/k'}
    for fs in ('ext4', 'btrfs'):
        with config(ENTRY, links=links, fs=fs) as g:
            boots(program, g)
            for path in ('/vmlinuz', '/a/b', '/etc/x', '/boot/p',
                         '/../../etc/passwd'):
                refuses(program, g, '--kernel=' + path)
            boots(program, g, '--kernel=/boot/k2')


def case_special(program):
    """a kernel that is a directory, empty, or no kernel"""
    with config(ENTRY, files={'/boot/e': b'', '/boot/t': b'text' * 999}) as g:
        for path in ('/boot', '/boot/e', '/boot/t'):
            refuses(program, g, '--kernel=' + path)


def sparse(guest, path, size):
    """Makes a file of an ext4 guest as large as can be said."""
    subprocess.run([images.find('debugfs'), '-w', '-R',
                    'set_inode_field %s size %d' % (path, size),
                    guest.image], check=True, stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE)


def case_large(program):
    """a kernel or ramdisk beyond the limits"""
    for size in (257 * MIB, 1 << 41):
        with config(ENTRY) as g:
            sparse(g, '/boot/k', size)
            refuses(program, g, says='more than 256 MiB')
    with config(ENTRY, files={'/boot/r': None}) as g:
        sparse(g, '/boot/r', 1025 * MIB)
        refuses(program, g, '--kernel=/boot/k', '--ramdisk=/boot/r',
                says='more than 1024 MiB')


def case_bomb(program):
    """a file that unpacks to more than the limit"""
    if not images.find('mksquashfs'):
        return
    with config(ENTRY) as g:
        tree = os.path.join(g.work.name, 'tree')
        os.makedirs(tree + '/boot')
        with open(tree + '/boot/k', 'wb') as f:
            f.write(images.blob('hd0', '/boot/k'))
            f.truncate(300 * MIB)
        os.unlink(g.image)
        images.run('mksquashfs', tree, g.image, '-quiet', '-no-progress')
        refuses(program, g, '--kernel=/boot/k', says='more than 256 MiB')


def case_names(program):
    """escape sequences in names never come out raw"""
    evil = '\x1b]0;x\x07\x1b[2J\x9b'
    text = ("menuentry '%s' {\n linux '/boot/%s' '%s'\n}\n" % (
        evil, evil, evil)).encode() + b'nonsense ' + evil.encode() + b'\n'
    with config(text, files={'/boot/vmlinuz-' + evil: None,
                             '/loader/entries/%s.conf' % evil: b'linux x\n',
                             }) as g:
        for options in (['-q'], ['-l'], ['-q', '--debug'], ['-l', '--debug'],
                        ['-q', '--kernel=/boot/nothing']):
            done = rig.run(program, g, *options)
            said = done.out + done.err.encode()
            rig.take_files(g)
            for bad in (b'\x1b', b'\x07', b'\x9b', b'\xc2\x9b'):
                assert bad not in said, (options, said)


def write_at(guest, offset, data):
    with open(guest.image, 'r+b') as f:
        f.seek(offset)
        f.write(data)


def case_partitions(program):
    """partition tables that go in circles or lie"""
    def part(kind, start, size):
        return bytes([0, 0, 0, 0, kind, 0, 0, 0]) + struct.pack(
            '<II', start, size)
    ebr = part(0x83, 1, 8) + part(5, 0, 1000)
    with config(ENTRY, device='hd0,msdos1') as g:
        # An extended partition whose chain leads to its own beginning.
        write_at(g, 446 + 16, part(5, 1, 1000))
        write_at(g, 512 + 446, ebr + b'\0' * 32 + b'\x55\xaa')
        boots(program, g)
        write_at(g, 446 + 32, part(0x83, 0xfffffff0, 0xffffffff) * 2)
        boots(program, g)
    with config(ENTRY, device='hd0,gpt1') as g:
        # A header that asks for four billion entries: its checksum is wrong.
        write_at(g, 512 + 80, struct.pack('<II', 0xffffffff, 128))
        boots(program, g)  # by the backup
        size = os.path.getsize(g.image)
        write_at(g, size - 512 + 80, struct.pack('<II', 0xffffffff, 1 << 30))
        refuses(program, g)


def case_small(program):
    """disks that are cut off"""
    with config(ENTRY) as g:
        for size in (1, 511, 512, 1024, 1080, 2048, 4096, 70000, MIB):
            os.truncate(g.image, size)
            refuses(program, g)
            os.truncate(g.image, 16 * MIB)


def damaged(program, fs, rounds):
    """Runs on disks with wrong bytes in what was written."""
    rand = random.Random('%d %s' % (SEED, fs))
    with config(ENTRY, fs=fs) as g:
        with open(g.image, 'rb') as f:
            spots = []
            while True:
                block = f.read(4096)
                if not block:
                    break
                if block.strip(b'\0'):
                    spots.append((f.tell() - len(block), block))
        for _ in range(rounds):
            hurt = rand.sample(spots, min(len(spots), rand.choice((1, 4, 16))))
            for at, block in hurt:
                data = bytearray(block)
                for _ in range(rand.choice((1, 8, 200))):
                    data[rand.randrange(len(data))] = rand.randrange(256)
                write_at(g, at, data)
            done = rig.run(program, g, '-q')
            assert done.status in (0, 1), done.status
            rig.take_files(g)
            for at, block in hurt:
                write_at(g, at, block)
        boots(program, g)


def case_damage_ext(program):
    """ext4 with wrong bytes, 40 times"""
    damaged(program, 'ext4', 40)


def case_damage_vfat(program):
    """vfat with wrong bytes, 15 times"""
    damaged(program, 'vfat', 15)


def case_damage_btrfs(program):
    """btrfs with wrong bytes, 15 times"""
    damaged(program, 'btrfs', 15)


def case_damage_xfs(program):
    """xfs with wrong bytes, 15 times"""
    damaged(program, 'xfs', 15)


def case_damage_iso(program):
    """iso9660 with wrong bytes, 15 times"""
    damaged(program, 'iso9660', 15)


def case_changing(program):
    """a disk that changes while it is read"""
    for fs in ('ext4', 'vfat'):
        with config(ENTRY, fs=fs) as g:
            with open(g.image, 'rb') as f:
                good = f.read()
            places = [i for i in range(0, len(good), 512)
                      if good[i:i + 512].strip(b'\0')]
            stop = threading.Event()

            def change():
                rand = random.Random(SEED)
                with open(g.image, 'r+b', buffering=0) as f:
                    while not stop.is_set():
                        at = rand.choice(places)
                        f.seek(at)
                        f.write(os.urandom(512))
                        time.sleep(0.0005)
                        f.seek(at)
                        f.write(good[at:at + 512])
            thread = threading.Thread(target=change)
            thread.start()
            try:
                for _ in range(15):
                    done = rig.run(program, g, '-q')
                    assert done.status in (0, 1), done.status
                    rig.take_files(g)
            finally:
                stop.set()
                thread.join()
            boots(program, g)


def case_shrinking(program):
    """a disk that shrinks while it is read"""
    with config(ENTRY, fs='vfat') as g:
        size = os.path.getsize(g.image)
        for i in range(8):
            timer = threading.Timer(i * 0.005, os.truncate, (g.image, 4096))
            timer.start()
            done = rig.run(program, g, '-q')
            timer.join()
            assert done.status in (0, 1), done.status
            rig.take_files(g)
            os.truncate(g.image, size)


def case_formats(program):
    """qcow2 is not guessed, and names no other file"""
    if not images.find('qemu-img'):
        return
    with config(ENTRY) as g:
        other = g.image + '.qcow2'
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw',
                        '-b', g.image, other], check=True)
        for options in ([], ['--format=qcow2'], ['--format=vmdk']):
            done = rig.run(program, g, '-q', *options, image=other)
            assert done.status == 1, options


if __name__ == '__main__':
    sys.exit(rig.cases(globals(), sys.argv[1:]))
