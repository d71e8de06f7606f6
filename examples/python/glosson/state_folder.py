"""Where what is kept has its place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def state_folder(option: str | None, env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder to use; RuntimeError when none can be told."""
    for chosen, *below in (
        (option,),
        (env.get("GLOSSON_STATE"),),
        (env.get("XDG_CONFIG_HOME"), "glosson"),
        (env.get("HOME"), ".config", "glosson"),
        (env.get("APPDATA"), "glosson"),
    ):
        if chosen:
            return Path(chosen, *below)
    raise RuntimeError(
        "Cannot find a folder for the state: HOME is not set; name one with --state DIR"
    )
