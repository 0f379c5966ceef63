"""The second factor: codes of an authenticator app (TOTP, RFC 6238) and recovery codes; no files.

The arithmetic is pyotp's.
"""

from __future__ import annotations

import base64
import re
import secrets

import pyotp
from pyotp.utils import strings_equal

SECONDS = 30  # of one code, as every authenticator app has it (RFC 6238, 5.2)
DRIFT = 1  # codes before and after the present one: clocks go wrong by half a minute (5.2, 6)
REMEMBERED = 10  # codes after which it is forgotten that one was used: it no longer fits anyway
CODES, BYTES = 8, 10  # recovery codes, and the random bytes of each: 80 bits
ISSUER = "QI Equity"
RECOVERY = re.compile(r"([1-8])((?:-?[a-z2-7]){16})")


def new_secret() -> str:
    """A secret for an authenticator app: 160 random bits, as RFC 4226 (4, R6) advises."""
    return pyotp.random_base32()


def address_of(secret: str, name: str) -> str:
    """What the QR code of a secret says.

    >>> address_of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "Jo")[:51]
    'otpauth://totp/QI%20Equity:Jo?secret=GEZDGNBVGY3TQO'
    """
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def step_of(secret: str, code: str, moment: float) -> int | None:
    """The number of the half minute whose code this is, if it is one of now.

    >>> step_of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "287 082", 59)
    1
    """
    typed = "".join(code.split())
    now = int(moment) // SECONDS
    otp, found = pyotp.TOTP(secret), None
    for step in range(max(now - DRIFT, 0), now + DRIFT + 1):
        if strings_equal(otp.at(step * SECONDS), typed):
            found = step
    return found


def recovery_codes() -> tuple[str, ...]:
    """Codes for a day without the app: each begins with its number, and fits once."""
    return tuple(plain(f"{number}{_random()}") for number in range(1, CODES + 1))


def _random() -> str:
    return base64.b32encode(secrets.token_bytes(BYTES)).decode().lower()


def is_recovery(code: str) -> bool:
    """Whether this has the form of a recovery code.

    >>> is_recovery("3-abcd-efgh-ijkl-mnop"), is_recovery("123456")
    (True, False)
    """
    return RECOVERY.fullmatch(_bare(code)) is not None


def place_of(code: str) -> int:
    """Which of the codes this would be, from 0."""
    return int(_bare(code)[0]) - 1


def plain(code: str) -> str:
    """A recovery code as it was written down.

    >>> plain(" 3ABCDefghijklmnop ")
    '3-abcd-efgh-ijkl-mnop'
    """
    bare = _bare(code).replace("-", "")
    return "-".join([bare[:1], *(bare[at : at + 4] for at in range(1, len(bare), 4))])


def _bare(code: str) -> str:
    return "".join(code.split()).lower()
