"""A message by e-mail or to a webhook, as the settings say; what it says is not known here."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from qi_equity import webhook
from qi_equity.errors import UserError

MAIL_PORT = 25


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to tell, from the environment; empty: nowhere."""

    to: tuple[str, ...] = ()
    sender: str = ""
    smtp: str = ""
    user: str = ""
    password: str = ""
    webhook: str = ""
    every: bool = False  # of files that were taken too, and not of refused ones alone
    domains: tuple[str, ...] = ()  # beside those of the sender and of whoever is always told

    def reaches(self, address: str) -> bool:
        """Whether an address that somebody typed is one of ours: nobody else gets mail from here.

        >>> Settings(sender="qi@trust.example").reaches("mo@Trust.example")
        True
        >>> Settings(sender="qi@trust.example").reaches("mo@elsewhere.example")
        False
        """
        ours = {_domain(one) for one in (self.sender, *self.to)} | set(self.domains)
        return _domain(address) in ours

    @property
    def server(self) -> tuple[str, int]:
        """The mail server's name and port."""
        host, _, port = self.smtp.partition(":")
        return host, int(port or MAIL_PORT)


def settings(environ: Mapping[str, str]) -> Settings:
    """What the environment asks for; half a setting is refused.

    >>> settings({"QI_EQUITY_WEBHOOK": "https://chat.example/hook"}).webhook
    'https://chat.example/hook'
    """
    given = {
        name: environ.get(f"QI_EQUITY_{name.upper()}", "").strip()
        for name in ("mail_to", "mail_from", "smtp", "smtp_user", "smtp_password", "webhook")
    }
    to = tuple(one.strip() for one in given["mail_to"].split(",") if one.strip())
    if to and not (given["mail_from"] and given["smtp"]):
        raise UserError("QI_EQUITY_MAIL_TO needs QI_EQUITY_MAIL_FROM and QI_EQUITY_SMTP too")
    port = given["smtp"].partition(":")[2]
    if port and not port.isdecimal():
        raise UserError("QI_EQUITY_SMTP is the mail server, such as mail.trust.example:25")
    tell = environ.get("QI_EQUITY_TELL", "refused")
    if tell not in ("refused", "all"):
        raise UserError("QI_EQUITY_TELL is refused, or all")
    if given["webhook"]:
        webhook.checked("QI_EQUITY_WEBHOOK", given["webhook"])
    domains = environ.get("QI_EQUITY_MAIL_DOMAINS", "").casefold().split(",")
    return Settings(
        to, given["mail_from"], given["smtp"], given["smtp_user"], given["smtp_password"],
        given["webhook"], tell == "all", tuple(one.strip() for one in domains if one.strip()),
    )  # fmt: skip


def _domain(address: str) -> str:
    return address.rpartition("@")[2].strip("<> ").casefold()


def send(asked: Settings, subject: str, text: str, told: Mapping[str, object]) -> list[str]:
    """A message by every way that is set; what did not work, in words."""
    failed = []
    try:
        if asked.to:
            _by_mail(asked, subject, text, asked.to)
    except (*webhook.FAULTS, smtplib.SMTPException) as wrong:
        failed.append(f"not told by mail: {type(wrong).__name__} {wrong}")
    try:
        if asked.webhook:
            webhook.post(asked.webhook, {**told, "text": text})
    except webhook.FAULTS as wrong:
        failed.append(f"not told to webhook: {type(wrong).__name__} {wrong}")
    return failed


def send_to(asked: Settings, to: Sequence[str], subject: str, text: str) -> list[str]:
    """A message by e-mail to somebody by name; what did not work, in words."""
    if not (asked.sender and asked.smtp):
        return ["not told by mail: QI_EQUITY_MAIL_FROM and QI_EQUITY_SMTP are not set"]
    try:
        _by_mail(asked, subject, text, to)
    except (*webhook.FAULTS, smtplib.SMTPException) as wrong:
        return [f"not told by mail: {type(wrong).__name__} {wrong}"]
    return []


def _by_mail(asked: Settings, subject: str, text: str, to: Sequence[str]) -> None:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"], message["To"] = asked.sender, ", ".join(to)
    message.set_content(text)
    host, port = asked.server
    with smtplib.SMTP(host, port, timeout=webhook.PATIENCE) as server:
        server.ehlo()
        secure = server.has_extn("starttls")
        if secure:
            server.starttls(context=ssl.create_default_context())
        if asked.user:
            if not secure and host not in webhook.THIS_MACHINE:
                raise smtplib.SMTPException("the server offers no encryption for the password")
            server.login(asked.user, asked.password)
        server.send_message(message)
