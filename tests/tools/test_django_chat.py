"""The chat of the how-to: Django with comet as its second database, and two browsers that talk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.browser.chromium import Chromium, find_chromium
from tests.e2e.support import ROOT, ServerCase, in_thread
from tests.tools.running import started

FOLDER = ROOT / "docs" / "examples" / "django-chat"

#: What the how-to says of the models.
SCRIPT = """
from chat.models import History, Listener, Message
from django.db import transaction

told = Message.objects.filter(channel="test")
print(Listener.objects.count(), "listen", end=" ")
History.objects.create(channel="test", length=10)
try:
    with transaction.atomic(using="comet"):
        Message.objects.create(channel="test", text="a")
        raise ValueError
except ValueError:
    with transaction.atomic(using="comet"):
        Message.objects.create(channel="test", text="b")
        Message(channel="test", text="c").save(force_insert=True)
print([each.text for each in told.all()], end=" ")
Message.objects.filter(id=told[0].id).delete()
print([each.text for each in told.all()], end=" ")
told.delete()
print(told.count(), "left")
"""


class DjangoChatTests(ServerCase):
    """Nothing of the files is changed but ports and the password."""

    skip = None if find_spec("django") and find_spec("MySQLdb") else "Django or mysqlclient is not installed"

    async def project(self):
        """@return: the folder of a site, and a comet is there for it."""
        self.comet = await self.server()
        folder = Path(self.mktemp()).absolute()
        shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3"))
        settings = (folder / "settings.py").read_text()
        put = {"8087": self.comet.ws_port, "3307": self.comet.cometql_port}
        put['"PASSWORD",'] = f'"{self.comet.password}",'
        for word, value in put.items():
            self.assertIn(word, settings)
            settings = settings.replace(word, str(value))
        (folder / "settings.py").write_text(settings)
        self.environment = {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(folder)}
        return folder

    async def django(self, folder, *words, status=0):
        """@return: what a command of Django prints."""
        done = await in_thread(
            subprocess.run,
            [sys.executable, "-m", "django", *words],
            **{"cwd": folder, "env": {**os.environ, **self.environment}},
            **{"capture_output": True, "text": True, "timeout": 60, "check": False},
        )
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    async def test_commands(self):
        """The models pass the checks with both databases, and nothing of comet is migrated."""
        folder = await self.project()
        said = await self.django(folder, "check", "--database", "default", "--database", "comet")
        self.assertIn("no issues", said)
        self.assertIn("No migrations to apply", await self.django(folder, "migrate"))
        self.assertIn("0 listen ['b', 'c'] ['c'] 0 left", await self.django(folder, "shell", "-c", SCRIPT))

    async def test_two_talk(self):
        """What one says, both see at once, and who comes later finds it."""
        folder = await self.project()
        address, log = await started(
            self,
            lambda port: [sys.executable, "-m", "django", "runserver", "--noreload", f"127.0.0.1:{port}"],
            folder,
            **self.environment,
        )
        browser = await Chromium.start(self)
        text = "document.querySelector('#messages').innerText"
        pages = [await browser.open(f"{address}lobby/") for _ in range(2)]
        for page in pages:
            await page.wait_for("window.cometApi && cometApi.isConnected()")
        for page, said in zip(pages, ("Hello, <b>", "it's me"), strict=True):
            await page.type("input[name=text]", said)
            await page.press("Enter")
            for each in pages:
                await each.wait_for(f'{text}.includes("{said}")')
        late = await browser.open(f"{address}lobby/")
        # The two are tabs of one browser, which share a connection.
        for said in ("Hello, <b>", "it's me", "1 listening"):
            await late.wait_for(f'document.body.innerText.includes("{said}")')
        await late.screenshot("django-chat.png")
        for page in (*pages, late):
            self.assertEqual([error for error in page.errors if "favicon" not in error], [], log.read_text())

    test_two_talk.skip = None if find_chromium() else "there is no Chromium"
