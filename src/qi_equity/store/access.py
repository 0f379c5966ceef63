"""Who may do what, and where: one table of roles; nothing here reads or writes a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, get_args

from qi_equity.store.refusals import Forbidden
from qi_equity.store.text import problem_of_text

RoleName = Literal["contributor", "clinician", "facilitator", "equity_lead", "admin"]
Scope = Literal["own", "consented", "every"]
Operation = Literal[
    "plan",  # read the project file
    "see",  # true counts, and their history
    "see protected",  # what the disclosure policy lets out, over the sites that consented
    "log",  # counts, imports, and undoing either
    "read entries",  # cycles, annotations, session notes and actions
    "write entries",
    "write network entries",  # those that belong to no one site
    "release",  # approve a release to the network, or withdraw one
    "consent",  # let the network see a site's protected counts, or stop it
    "save plan",
    "keep",  # backup, verify and export of everything
    "people",  # who may sign in, and as what
    "trail",  # who did what, and who looked
]

# Role -> operation -> at which sites. What is not in the table is not allowed.
PERMISSIONS: dict[RoleName, dict[Operation, Scope]] = {
    "contributor": {
        "plan": "own", "see": "own", "log": "own", "read entries": "own", "write entries": "own",
    },
    "clinician": {"plan": "own", "see": "own", "read entries": "own"},
    "facilitator": {
        "plan": "every", "see protected": "consented", "read entries": "consented",
        "write entries": "consented", "write network entries": "every",
    },
    "equity_lead": {
        "plan": "every", "see": "own", "see protected": "consented", "log": "own",
        "read entries": "own", "write entries": "own", "write network entries": "every",
        "release": "own", "consent": "own", "save plan": "own",
    },
    "admin": {
        "plan": "every", "see": "every", "see protected": "consented", "log": "every",
        "read entries": "every", "write entries": "every", "write network entries": "every",
        "release": "every", "consent": "every", "save plan": "every", "keep": "every",
        "people": "every", "trail": "every",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who has signed in: their role, and the sites they belong to.

    >>> User("jo", "contributor", ["north"]).may("log")
    'own'
    """

    name: str
    role: RoleName
    sites: frozenset[str] = field(default=frozenset())

    def __init__(self, name: str, role: RoleName, sites: Iterable[str] = ()) -> None:
        if role not in get_args(RoleName):
            raise Forbidden(f"'{role}' is not a role; choose from: {', '.join(get_args(RoleName))}")
        problem = problem_of_text(name, 200) if name.strip() else "is empty"
        if problem:
            raise Forbidden(f"the user's name {problem}")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "role", role)
        object.__setattr__(self, "sites", frozenset(sites))

    def may(self, operation: Operation) -> Scope | None:
        """Where this user may do this: at their own sites, at consented ones, at all, or not."""
        return PERMISSIONS[self.role].get(operation)

    def where(
        self, operation: Operation, sites: frozenset[str], consented: frozenset[str]
    ) -> frozenset[str]:
        """Those of a project's sites at which this user may do this."""
        within = {"own": self.sites, "consented": consented, "every": sites}
        scope = self.may(operation)
        return sites & within[scope] if scope else frozenset()


# find(name): the user with the role and sites they have now, or None
Find = Callable[[str], User | None]
