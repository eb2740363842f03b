#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Options and output are those of stock pygrub 4.17, to the byte.

    contract.py PYGRUB-C                  the test
    contract.py STOCK-PYGRUB              the same of stock pygrub
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

PLAIN = b'''set default=1
menuentry 'Older' {
	linux /boot/vmlinuz-5.10 root=/dev/xvda ro
	initrd /boot/initrd.img-5.10
}
menuentry 'Newer' {
	linux /boot/vmlinuz-6.1 root=/dev/xvda ro quiet
	initrd /boot/initrd.img-6.1
}
menuentry 'Bare' {
	linux /boot/vmlinuz-6.1
}
'''
FILES = {'/boot/grub/grub.cfg': PLAIN, '/boot/vmlinuz-5.10': None,
         '/boot/vmlinuz-6.1': None, '/boot/initrd.img-5.10': None,
         '/boot/initrd.img-6.1': None}


def guest():
    return rig.Guest(dict(FILES))


def normal(g, out):
    """The files' random names are the one thing that may differ."""
    out = out.replace(g.out.encode(), b'DIR')
    return re.sub(rb'(boot_(?:kernel|ramdisk)\.)[a-z0-9_]{8}', rb'\1*', out)


def expect(program, options, want, status=0):
    with guest() as g:
        done = rig.run(program, g, *options)
        assert done.status == status, (done.status, done.err)
        assert normal(g, done.out) == want, (done.out, want)
        return rig.take_files(g)


def case_sxp(program):
    """sxp, the default format"""
    files = expect(program, ['-q'], b"linux (kernel 'DIR/boot_kernel.*')"
                   b"(ramdisk 'DIR/boot_ramdisk.*')"
                   b"(args 'root=/dev/xvda ro quiet')")
    with guest() as g:
        assert files['boot_kernel'] == g.content('/boot/vmlinuz-6.1')
        assert files['boot_ramdisk'] == g.content('/boot/initrd.img-6.1')


def case_simple(program):
    """simple: a line each, an empty one at the end"""
    expect(program, ['-q', '--output-format=simple'],
           b'kernel DIR/boot_kernel.*\nramdisk DIR/boot_ramdisk.*\n'
           b'args root=/dev/xvda ro quiet\n\n')


def case_simple0(program):
    """simple0: the same with NULs, as libxl asks"""
    expect(program, ['--quiet', '--output-format', 'simple0'],
           b'kernel DIR/boot_kernel.*\0ramdisk DIR/boot_ramdisk.*\0'
           b'args root=/dev/xvda ro quiet\0\0')


def case_entry(program):
    """--entry by number and by title; no such entry: the default"""
    older = b"linux (kernel 'DIR/boot_kernel.*')" \
        b"(ramdisk 'DIR/boot_ramdisk.*')(args 'root=/dev/xvda ro')"
    expect(program, ['-q', '--entry=0'], older)
    expect(program, ['-q', '--entry=Older'], older)
    expect(program, ['-q', '--entry=nothing'],
           older.replace(b' ro', b' ro quiet'))


def case_bare(program):
    """an entry without ramdisk and arguments"""
    expect(program, ['-q', '--entry=2'], b"linux (kernel 'DIR/boot_kernel.*')")
    expect(program, ['-q', '--entry=2', '--output-format=simple'],
           b'kernel DIR/boot_kernel.*\n\n')


def case_not_really(program):
    """-n copies nothing"""
    expect(program, ['-q', '-n'],
           b"linux (kernel None)(args 'root=/dev/xvda ro quiet')")
    expect(program, ['-q', '-n', '--output-format=simple0'],
           b'kernel None\0args root=/dev/xvda ro quiet\0\0')


def case_kernel(program):
    """--kernel, --ramdisk and --args: no configuration"""
    files = expect(
        program, ['--kernel=/boot/vmlinuz-5.10',
                  '--ramdisk=/boot/initrd.img-6.1', '--args=a "b\' \\'],
        b"linux (kernel 'DIR/boot_kernel.*')(ramdisk 'DIR/boot_ramdisk.*')"
        b"(args 'a \"b\\' \\\\')")
    with guest() as g:
        assert files['boot_kernel'] == g.content('/boot/vmlinuz-5.10')


def case_args(program):
    """--args follow the entry's own"""
    expect(program, ['-q', '--args=one two', '--output-format=simple'],
           b'kernel DIR/boot_kernel.*\nramdisk DIR/boot_ramdisk.*\n'
           b'args root=/dev/xvda ro quiet one two\n\n')


def case_list(program):
    """-l lists titles and files"""
    expect(program, ['-l'],
           b'title: Older\n  root: None\n  kernel: /boot/vmlinuz-5.10\n'
           b'  args: root=/dev/xvda ro\n  initrd: /boot/initrd.img-5.10\n'
           b'title: Newer\n  root: None\n  kernel: /boot/vmlinuz-6.1\n'
           b'  args: root=/dev/xvda ro quiet\n'
           b'  initrd: /boot/initrd.img-6.1\n'
           b'title: Bare\n  root: None\n  kernel: /boot/vmlinuz-6.1\n'
           b'  args: None\n')


def case_is_config(program):
    """--isconfig reads a configuration alone"""
    with guest() as g:
        path = os.path.join(g.work.name, 'grub.cfg')
        with open(path, 'wb') as f:
            f.write(PLAIN)
        done = rig.run(program, g, '--isconfig', '--entry=0', image=path)
        assert done.out == b'  kernel: /boot/vmlinuz-5.10\n' \
            b'  initrd: /boot/initrd.img-5.10\n' \
            b'  args: root=/dev/xvda ro\n', done.out


def case_failures(program):
    """failures: status, a reason, nothing left"""
    with guest() as g:
        for options in (['-q', '--kernel=/none'], ['-q', '--offset=512'],
                        ['-q', '--output-directory=/nonexistent/x'],
                        ['-q', '--output=/nonexistent/x']):
            done = rig.run(program, g, *options)
            assert done.status == 1, options
            assert done.err.strip(), options
        for image in ('/nonexistent', '/dev/null', '/', g.out):
            assert rig.run(program, g, '-q', image=image).status == 1, image


def case_output(program):
    """--output names the file that takes the result"""
    with guest() as g:
        path = os.path.join(g.work.name, 'result')
        with open(path, 'w'):
            pass
        done = rig.run(program, g, '-q', '--output=' + path, '-n')
        assert not done.status and not done.out, done.err
        with open(path) as f:
            assert f.read().startswith('linux (kernel None)')


def case_usage(program):
    """--help names each option; what is wrong ends with a hint"""
    with guest() as g:
        text = rig.run(program, g, '--help').out.decode()
        for option in ('quiet', 'interactive', 'list-entries', 'not-really',
                       'output', 'output-format', 'output-directory', 'runas',
                       'entry', 'kernel', 'ramdisk', 'args', 'offset'):
            assert '--' + option in text, option
        assert rig.run(program, g, '--nonsense').status
        assert rig.run(program, g, '--output-format=x').status


def case_debug(program):
    """--debug and --runas are taken"""
    user = 'nobody' if not os.geteuid() else str(os.geteuid())
    with guest() as g:
        assert not rig.run(program, g, '-qn', '--debug').status
        assert not rig.run(program, g, '-qn', '--runas=' + user).status
        assert rig.run(program, g, '-qn', '--runas=no-such-user').status


def case_signal(program):
    """a signal at any time leaves nothing"""
    with guest() as g:
        for i in range(12):
            done = rig.run(program, g, '-q', signal_after=i * 0.004)
            if not done.status:
                rig.take_files(g)
            assert done.status in (0, 1), done.status


if __name__ == '__main__':
    sys.exit(rig.cases(globals(), sys.argv[1:]))
