"""The sheet that lists the keys; what they do is in assets/shortcuts.js."""

from __future__ import annotations

from html import escape
from typing import Final

SHORTCUTS: Final = (
    (
        "Page",
        (
            ("r", "Refresh prices"),
            ("p", "Pause or go on"),
            ("t", "Theme: system, dark, light"),
            ("k", "Copy a link to this forecast"),
            ("1", "Live"),
            ("2", "Model Health"),
            ("3", "Portfolio"),
        ),
    ),
    (
        "Chart",
        (
            ("l", "Line or candles"),
            ("f", "Fit or ±2 %"),
            ("[", "Shorter range"),
            ("]", "Longer range"),
            ("+", "Nearer in time"),
            ("-", "Farther in time"),
        ),
    ),
    (
        "Position",
        (("i", "To the amount"), ("s", "To the button Sell")),
    ),
    (
        "Help",
        (("?", "This sheet"), ("Esc", "Close what is open")),
    ),
)


def shortcut_sheet() -> str:
    """Return the dialog with every key, opened by "?", as HTML for the index page.

    It never changes, so it is no component: Dash looks at each of those again at every change
    of anything, and this sheet would be an eighth of them.
    """
    parts = "".join(_part(title, keys) for title, keys in SHORTCUTS)
    return f"""<dialog id="shortcuts" class="sheet" aria-label="Keyboard shortcuts">
<div class="ph"><h2 class="title grow">Keyboard shortcuts</h2>
<button class="ibtn" title="Close" aria-label="Close" data-close-dialog="shortcuts">
<i class="ic ic-cross" aria-hidden="true"></i></button></div>
<div class="sheet-parts">{parts}</div>
<div class="switch-row"><span><b>Shortcuts of one key</b><br>
<span class="s12 t3">Keys rest while you type in a field. Off, only ? and Esc are left.
</span></span>
<button class="switch" role="switch" aria-label="Shortcuts of one key" aria-checked="true"
data-keys-switch><i></i></button></div>
</dialog>"""


def _part(title: str, keys: tuple[tuple[str, str], ...]) -> str:
    rows = "".join(
        f"<dt><kbd>{escape(key)}</kbd></dt><dd>{escape(does)}</dd>" for key, does in keys
    )
    return f'<div><h3 class="sheet-title">{escape(title)}</h3><dl class="keys">{rows}</dl></div>'
