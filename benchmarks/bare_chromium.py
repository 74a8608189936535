"""Chromium as a reader's: nothing looks into it while a page loads.

Playwright asks Chromium to note where each error comes from. Plotly's script throws and catches
some while it starts, and each time most of its 4.8 MB is read once more, which costs the page half
a second that no reader waits for. Here it is only told where to go, and asked once.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import RawIOBase
from typing import Any, Final

_ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
# Chromium reads commands from file 3 and answers on file 4 (--remote-debugging-pipe).
_ON_3_AND_4: Final = 'exec "$@" 3<&"$COMMANDS" 4>&"$ANSWERS"'
_WITHIN_S: Final = 60
_ASK_EVERY_FRAME: Final = """new Promise((resolve, reject) => {{
  setTimeout(() => reject(new Error("not within {within} s")), {within}000);
  const look = () => {{
    const found = ({condition})();
    if (found) resolve(found); else requestAnimationFrame(look);
  }};
  look();
}})"""


class BareChromium:
    """A browser that is only told which page to show, and asked for one figure of it."""

    def __init__(self, commands: RawIOBase, answers: RawIOBase) -> None:
        self._commands = commands
        self._answers = answers
        self._sent = 0

    def visit(self, url: str, condition: str, size: tuple[int, int]) -> float:
        """Open a tab, close it once `condition` holds, and return what it gave.

        Parameters
        ----------
        condition : str
            A function of JavaScript, called in every frame until its value is true.
        size : tuple of int
            Width and height of the page.

        Raises
        ------
        RuntimeError
            It did not hold within a minute.
        """
        shape = {"width": size[0], "height": size[1]}
        tab = self._ask("Target.createTarget", {"url": "about:blank", **shape})["targetId"]
        attached = self._ask("Target.attachToTarget", {"targetId": tab, "flatten": True})
        session = attached["sessionId"]
        if refused := self._ask("Page.navigate", {"url": url}, session).get("errorText"):
            raise RuntimeError(f"{url}: {refused}")
        asked = {
            "expression": _ASK_EVERY_FRAME.format(condition=condition, within=_WITHIN_S),
            "awaitPromise": True,
            "returnByValue": True,
        }
        found = self._ask("Runtime.evaluate", asked, session)
        if "exceptionDetails" in found:
            raise RuntimeError(found["result"]["description"])
        self._ask("Target.closeTarget", {"targetId": tab})
        return float(found["result"]["value"])

    def _ask(
        self, method: str, params: dict[str, Any], session: str | None = None
    ) -> dict[str, Any]:
        self._sent += 1
        command = {"id": self._sent, "method": method, "params": params}
        if session is not None:
            command["sessionId"] = session
        self._commands.write(json.dumps(command).encode() + b"\0")
        while (message := self._message()).get("id") != self._sent:
            pass  # what it tells of itself
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']['message']}")
        answer: dict[str, Any] = message["result"]
        return answer

    def _message(self) -> dict[str, Any]:
        """Read up to the next zero byte."""
        text = bytearray()
        while (byte := self._byte()) != b"\0":
            text += byte
        message: dict[str, Any] = json.loads(text)
        return message

    def _byte(self) -> bytes:
        ready, _, _ = select.select([self._answers], [], [], 2 * _WITHIN_S)
        if not ready:
            raise RuntimeError("Chromium does not answer.")
        byte = self._answers.read(1)
        if not byte:
            raise RuntimeError("Chromium has ended.")
        return byte


@contextmanager
def bare_chromium(path: str) -> Iterator[BareChromium]:
    """Start the browser at `path` with a profile of its own, and stop it at the end."""
    with ExitStack() as stack:
        # Its helpers may write for a moment after it has ended.
        profile = tempfile.TemporaryDirectory(prefix="market-pulse-", ignore_cleanup_errors=True)
        stack.enter_context(profile)
        (commands, to_it), (from_it, answers) = os.pipe(), os.pipe()
        process = subprocess.Popen(
            [
                "bash",
                "-c",
                _ON_3_AND_4,
                "bash",
                path,
                *_ARGUMENTS,
                f"--user-data-dir={profile.name}",
            ],
            env={**os.environ, "COMMANDS": str(commands), "ANSWERS": str(answers)},
            pass_fds=(commands, answers),
            stderr=subprocess.DEVNULL,
        )
        for theirs in (commands, answers):
            os.close(theirs)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        yield BareChromium(
            stack.enter_context(os.fdopen(to_it, "wb", buffering=0)),
            stack.enter_context(os.fdopen(from_it, "rb", buffering=0)),
        )
