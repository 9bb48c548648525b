"""The filter, run on a small interpreter of its own instruction set."""

import errno
import struct

import pytest

from bot.adapters.box import seccomp

ALLOW, KILL = 0x7FFF0000, 0x80000000
DENY, NOT_THERE = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
NO_FAMILY = 0x50000 | errno.EAFNOSUPPORT
X86, ARM = 0xC000003E, 0xC00000B7


def run(program: bytes, number: int, *arguments: int, arch: int = X86) -> int:
    """Interpret the program on one system call."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, arch, 0, *padded)
    steps = list(struct.iter_unpack("<HBBI", program))
    accumulator, index = 0, 0
    while True:
        code, yes, no, value = steps[index]
        index += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, value)
            case 0x54:
                accumulator &= value
            case 0x06:
                return value
            case 0x15:
                index += yes if accumulator == value else no
            case 0x35:
                index += yes if accumulator >= value else no
            case 0x45:
                index += yes if accumulator & value else no
            case _:
                pytest.fail(f"unknown instruction {code:#x}")


@pytest.mark.parametrize(("machine", "arch"), [("x86_64", X86), ("aarch64", ARM)])
def test_every_named_call_is_denied(machine: str, arch: int) -> None:
    """Each call of the list gets EPERM, on each architecture."""
    program = seccomp.program(machine)
    names = seccomp.numbers(machine)
    for name in names.keys() - {"clone", "clone3"}:
        assert run(program, names[name], arch=arch) == DENY, name
    assert run(program, names["clone3"], arch=arch) == NOT_THERE


def test_foreign_calls_are_killed() -> None:
    """A call by another architecture's numbers, or by the x32 ABI, ends the process."""
    program = seccomp.program("x86_64")
    assert run(program, 0, arch=0x40000003) == KILL
    assert run(program, 0x40000000 | 39) == KILL


@pytest.mark.parametrize(
    ("number", "arguments", "expected"),
    [
        (0, (), ALLOW),  # read
        (59, (), ALLOW),  # execve
        (56, (0x1200011,), ALLOW),  # fork by clone
        (56, (0x3D0F00,), ALLOW),  # a thread
        (56, (0x10000000,), DENY),  # CLONE_NEWUSER
        (56, (0x00020011,), DENY),  # CLONE_NEWNS
        (16, (0, 0x5401), ALLOW),  # TCGETS
        (16, (0, 0x5412), DENY),  # TIOCSTI
        (16, (0, 0xFFFFFFFF00005412), DENY),  # the same: the kernel looks at 32 bits
        (16, (0, 0x541C), DENY),  # TIOCLINUX
        (133, (0, 0o010644), ALLOW),  # a FIFO
        (133, (0, 0o020644), DENY),  # a character device
        (259, (0, 0, 0o060644), DENY),  # a block device
        (259, (0, 0, 0o100644), ALLOW),  # a regular file
        (41, (1,), ALLOW),  # AF_UNIX
        (41, (2,), ALLOW),  # AF_INET
        (41, (10,), ALLOW),  # AF_INET6
        (41, (16,), ALLOW),  # AF_NETLINK
        (41, (17,), NO_FAMILY),  # AF_PACKET
        (41, (38,), NO_FAMILY),  # AF_ALG
        (41, (40,), NO_FAMILY),  # AF_VSOCK: no namespace holds it
    ],
)
def test_calls_are_judged_by_their_arguments(
    number: int, arguments: tuple[int, ...], expected: int
) -> None:
    """The four calls with a harmless form keep just that."""
    assert run(seccomp.program("x86_64"), number, *arguments) == expected


def test_an_unknown_architecture_has_no_program() -> None:
    """Where no numbers are known the part is missing, not guessed."""
    assert not seccomp.supported("riscv64")
