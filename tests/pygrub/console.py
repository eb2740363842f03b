#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The menu on a guest's console, played by a script on a pty."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

HOSTILE = 'Evil \x1b[2J\x1b]0;owned\x07\x9b31m \u202eend'
CONFIG = '''set default=0
set timeout=TIMEOUT
menuentry 'First' {
	linux /boot/one a=1
	initrd /boot/rd
}
menuentry 'Second' {
	linux /boot/two b=2
}
submenu 'More of them' {
	menuentry 'Third' {
		linux /boot/three c=3
	}
}
menuentry 'Gone' {
	linux /boot/gone
}
menuentry '%s' {
	linux /boot/two evil
}
''' % HOSTILE
KERNELS = {'/boot/one': None, '/boot/two': None, '/boot/three': None,
           '/boot/rd': None}
UP, DOWN, LEFT, RIGHT = b'\x1bOA', b'\x1bOB', b'\x1bOD', b'\x1bOC'
ENTER, ESC = b'\r', b'\x1b'


def play(program, steps, term='vt100', timeout='-1', options=(),
         config=CONFIG):
    text = config.replace('TIMEOUT', timeout).encode()
    with rig.Guest({'/boot/grub/grub.cfg': text, **KERNELS}) as g:
        done = rig.at_console(program, g, steps, term, options)
        done.files = rig.take_files(g)
        done.kernel = None
        for path in KERNELS:
            if done.files.get('boot_kernel') == g.content(path):
                done.kernel = path
        done.args = ''
        for line in done.out.split('\n'):
            if line.startswith('args '):
                done.args = line[5:]
        # Nothing of a title may reach the terminal as it is.
        for bad in (b'\x1b[2J', b'\x1b]', b'\x07', b'\x9b', b'\xe2\x80\xae'):
            assert bad not in done.shown, done.shown
        return done


def takes(program, steps, kernel, args, **more):
    done = play(program, steps, **more)
    assert not done.status, done.err
    assert (done.kernel, done.args) == (kernel, args), (done.kernel, done.args)
    return done


def case_enter(program):
    """Enter boots the default"""
    done = takes(program, ['First', ENTER], '/boot/one', 'a=1')
    assert 'boot_ramdisk' in done.files


def case_down(program):
    """arrows, j and k select"""
    takes(program, ['First', DOWN, ENTER], '/boot/two', 'b=2')
    takes(program, ['First', b'jjk', ENTER], '/boot/two', 'b=2')


def case_submenu(program):
    """a submenu opens, is left, and opens again"""
    takes(program, ['First', DOWN, DOWN, ENTER, 'Third', LEFT, 'More of them',
                    RIGHT, 'Third', ENTER], '/boot/three', 'c=3')


def case_args(program):
    """a: arguments with readline's keys"""
    takes(program, ['First', b'a', 'arguments', b' x y', b'\x17', b'z',
                    b'\x01', b'begin ', b'\x05', b'!', ENTER],
          '/boot/one', 'begin a=1 x z!')


def case_words(program):
    """Alt-b, Alt-d, Ctrl-k, Ctrl-y, Ctrl-u"""
    takes(program, ['First', b'a', 'arguments', b'\x15one two three',
                    b'\x1bb', b'\x0b', b'\x01', b'\x19', b' ', b'\x1bd',
                    ENTER], '/boot/one', 'three  two')


def case_edit(program):
    """e: each line of an entry"""
    done = takes(program, [
        'First', b'e', 'initrd', DOWN, b'\x15', UP,
        b'\x15linux /boot/three new', b'\x18'], '/boot/three', 'new')
    assert 'boot_ramdisk' not in done.files


def case_command(program):
    """c: a command line"""
    takes(program, ['First', b'c', 'Command', b'linux (hd0)/boot/two typed\r',
                    b'initrd /boot/rd\r', b'boot\r'], '/boot/two', 'typed')


def case_search(program):
    """/ finds a title"""
    takes(program, ['First', b'/', b'SECO', ENTER, '* Second', ENTER],
          '/boot/two', 'b=2')


def case_help(program):
    """? explains the keys"""
    takes(program, ['First', b'?', 'Press any key', b' ', 'First', ENTER],
          '/boot/one', 'a=1')


def case_leave(program):
    """q boots nothing"""
    done = play(program, ['First', b'q'])
    assert done.status == 1 and not done.files and not done.out


def case_count_down(program):
    """the count-down ends with the default"""
    done = takes(program, ['booted in'], '/boot/one', 'a=1', timeout='1')
    assert b'booted in' in done.shown


def case_stop(program):
    """a key stops the count-down"""
    takes(program, ['First', DOWN, '* Second', b'', ENTER], '/boot/two',
          'b=2', timeout='3')


def case_gone(program):
    """a kernel that is not there: said, and another chance"""
    takes(program, ['First', b'/Gone\r', '* Gone', ENTER, 'No such file',
                    b'/Second\r', '* Second', ENTER], '/boot/two', 'b=2')


def case_wrong(program):
    """what cannot be read is said in the editor"""
    takes(program, ['First', b'e', 'initrd', b'\x15nonsense', b'\x18',
                    'linux PATH ARGS', b'\x15linux (hd7)/x', b'\x18',
                    'no such device', ESC, 'Second', DOWN, ENTER],
          '/boot/two', 'b=2')


def case_quiet(program):
    """-q, --entry and a timeout of 0 show no menu"""
    for more in ({'options': ['-q']}, {'timeout': '0'}):
        done = takes(program, [], '/boot/one', 'a=1', **more)
        assert b'First' not in done.shown, done.shown
    done = takes(program, [], '/boot/two', 'b=2', options=['--entry=Second'])
    assert not done.shown


def case_interactive(program):
    """-i waits whatever the configuration says"""
    takes(program, ['First', DOWN, ENTER], '/boot/two', 'b=2', timeout='0',
          options=['-i'])


def case_dumb(program):
    """a dumb terminal gets numbers"""
    for term in ('dumb', 'no-such-terminal', ''):
        done = takes(program, ['boot:', b'1\n'], '/boot/two', 'b=2', term=term)
        assert b'\x1b' not in done.shown, done.shown
    takes(program, ['boot:', b'\n'], '/boot/one', 'a=1', term='dumb')
    takes(program, ['boot:', b'2\n', 'Third', b'u\n', 'Second', b'2\n',
                    'Third', b'0\n'], '/boot/three', 'c=3', term='dumb')


def case_dumb_edit(program):
    """a dumb terminal edits line by line"""
    takes(program, ['boot:', b'e 0\n', 'linux', b'linux /boot/two typed\n',
                    'initrd', b'\n'], '/boot/two', 'typed', term='dumb')
    takes(program, ['boot:', b'c\n', '>', b'linux /boot/three c\n', '>',
                    b'boot\n'], '/boot/three', 'c', term='dumb')
    takes(program, ['boot:', b'7\n', 'there is no 7', b'/sec\n', '*  1',
                    b'\n'], '/boot/two', 'b=2', term='dumb')


def case_dumb_count_down(program):
    """a dumb terminal's count-down"""
    takes(program, ['Booting'], '/boot/one', 'a=1', term='dumb', timeout='1')


def case_gone_console(program):
    """a console that ends ends the menu"""
    done = play(program, ['boot:', b'\x04'], term='dumb')
    assert done.status == 1


def case_utf8(program):
    """titles in UTF-8 are shown where the terminal has it"""
    text = CONFIG.replace('Second', 'Zweiter \u00e4\u00f6')
    done = play(program, ['First', b'q'], config=text)
    assert 'Zweiter ??'.encode() in done.shown, done.shown


if __name__ == '__main__':
    sys.exit(rig.cases(globals(), sys.argv[1:]))
