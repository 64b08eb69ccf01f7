"""Runs scenario files over the client in `parlour/`.

    python run_scenarios.py --scripted target/debug/parlour-scripted --node http://127.0.0.1:8080 FILES…

Files with a part for the server run against the scripted server, the others against the node. The words of the files are
explained in scenarios/README.md.
"""

import argparse
import asyncio
import json
import sys
import uuid

from parlour import Client, Store
from parlour.rest import call
from scenario_lines import Lines
from scenario_network import Network
from scenario_values import Differs, Values

PATIENCE = 30
PASSWORD = "correct horse battery"
ABOUT = ("device", "await", "chat", "user", "of", "next")


class Device:
    """One device: its client, what it keeps, and what was told."""

    def __init__(self, url, user):
        self.url, self.user = url, user
        self.store = Store()
        self.client = self.network = None
        self.lines, self.told = {}, []
        self.changed = asyncio.Event()
        self.broken = None

    def hear(self, kind, **fields):
        if kind == "event":
            event = fields["event"]
            self.broken = self.broken or self.lines.setdefault(event["chat"], Lines()).take(event)
        else:
            if kind == "too_long" or fields.get("is") == "left":
                self.lines.pop(fields["chat"], None)
            self.told.append({"await": kind, **fields})
        self.changed.set()

    async def start(self, name):
        url = self.network.url if self.network else self.url
        self.client = Client(url, self.store, self.hear)
        for chat in self.client.chats:
            self.lines[chat] = Lines()
            for event in self.store.events(chat):
                self.lines[chat].take(event)
        await self.client.start(name, PASSWORD)

    async def stop(self):
        if self.client:
            await self.client.stop()
            self.client = None

    async def do(self, step, name):
        """Does one step; gives the name of a send."""
        what, chat, client = step["do"], step["chat"], self.client
        if what == "start":
            await self.start(name)
        elif what == "stop":
            await self.stop()
        elif what == "log_in":
            await client.log_in(name, PASSWORD)
        elif what == "network":
            self.network = await Network.to(self.url)
        elif what in ("offline", "online"):
            self.network.set_online(what == "online")
        elif what in ("send", "edit", "delete", "react"):
            operation = {"type": what}
            if "text" in step:
                operation["body"] = {"type": "text", "text": step["text"]}
            operation.update({name: step[name] for name in ("target", "reply_to", "emoji", "on") if name in step})
            return client.post(chat, operation)
        elif what == "cancel":
            client.cancel(step["of"])
        elif what == "read":
            client.read(chat, step["seq"])
        elif what == "watch":
            client.watch(step["users"], step["chats"])
        elif what == "typing":
            client.say({"type": "typing", "chat": chat, "on": step["on"]})
        elif what == "set_status":
            client.say({"type": "set_status", "status": step["status"]})
        else:
            raise Differs(f"nobody knows how to do {what}")

    async def history(self, step):
        where = {name: step[name] for name in ("before", "limit") if name in step}
        page = await self.client.history(step["chat"], **where)
        return {"lines": [Lines.of_history(message) for message in page["messages"]], "has_before": page["has_before"]}

    async def until(self, step, values):
        """Waits until what a step awaits is the case."""
        while not self.is_so(step, values):
            self.changed.clear()
            await self.changed.wait()

    def is_so(self, step, values):
        if self.broken:
            raise Differs(self.broken)
        if step["await"] == "shows":
            lines = self.lines.get(step["chat"], Lines()).newest(None if step.get("exactly") else len(step["lines"]))
            return values.matches(step["lines"], lines)
        wanted = {name: value for name, value in step.items() if name not in ABOUT}
        meant = [told for told in self.told
                 if all(told[name] == step[name] for name in ("await", "chat", "user", "of") if name in told)]
        for place, told in enumerate(meant):
            if values.matches(wanted, told):
                self.told = [other for other in self.told if not any(other is past for past in meant[: place + 1])]
                return True
            if step.get("next"):
                raise Differs(f"instead: {told}")
        return False


class Runner:
    """A run of one scenario."""

    def __init__(self, scenario, url):
        self.url, self.scenario = url, scenario
        self.users = scenario.get("devices", {"ann": "ann"})
        self.devices = {name: Device(url, user) for name, user in self.users.items()}
        self.values, self.names, self.tokens, self.keys = Values(), {}, {}, {}

    async def register(self):
        """New users of a node, each with a session for the plain calls of a scenario."""
        for user in set(self.users.values()):
            name = f"{user}_{uuid.uuid4().hex[:16]}"
            body = {"username": name, "password": PASSWORD, "device": "hands"}
            _, answer = await asyncio.to_thread(call, self.url, "POST", "/api/v1/auth/register", body)
            self.names[user], self.tokens[user] = name, answer["access_token"]
            self.values.known[user] = answer["user"]["id"]

    async def run(self):
        for place, step in enumerate(self.scenario["client"], 1):
            try:
                await asyncio.wait_for(self.step(step), PATIENCE)
            except TimeoutError:
                device = self.devices.get(step.get("device", "ann"))
                told = f"{device.told} {[lines.newest(None) for lines in device.lines.values()]}" if device else ""
                raise Differs(f"step {place} of the client, {step}: it did not happen; {told}") from None
            except Differs as difference:
                raise Differs(f"step {place} of the client, {step}: {difference}") from None

    async def step(self, step):
        step = {"device": "ann", "chat": "9", **step}
        if step.get("of") in self.keys:
            step["of"] = self.keys[step["of"]]
        if step.get("do") == "rest":
            return await self.rest(step)
        device = self.devices[step["device"]]
        if step.get("do") == "history":
            page = await device.history(self.values.fill({**step, "page": None}))
            return self.values.learn(step["page"], page)
        if "do" in step:
            step = self.values.fill(step)
            key = await device.do(step, self.names.get(device.user, device.user))
            if key:
                self.keys[step.get("as")] = key
            return None
        for name in ("chat", "user", "of"):
            if name in step:
                step[name] = self.values.fill(step[name])
        return await device.until(step, self.values)

    async def rest(self, step):
        method, path = self.values.fill(step["request"]).split(" ")
        body = self.values.fill(step["body"]) if "body" in step else None
        status, answer = await asyncio.to_thread(call, self.url, method, path, body, self.tokens[step["by"]])
        if status != step["status"]:
            raise Differs(f"status {status}: {answer}")
        if "answer" in step:
            self.values.learn(step["answer"], answer)

    async def stop(self):
        for device in self.devices.values():
            await device.stop()
            if device.network:
                device.network.close()


async def scripted(path, scenario, program):
    """Against the scripted server, which judges too."""
    server = await asyncio.create_subprocess_exec(program, "--scenario", path, stdout=asyncio.subprocess.PIPE)
    line = lambda: server.stdout.readline()  # noqa: E731
    runner, said = Runner(scenario, (await line()).decode().strip()), b""
    try:
        verdict, client = asyncio.create_task(line()), asyncio.create_task(runner.run())
        # Whoever fails first is the one to blame; the other only waits in vain.
        await asyncio.wait([verdict, client], return_when=asyncio.FIRST_COMPLETED)
        if not verdict.done() or verdict.result() == b"played\n":
            await client
        client.cancel()
        said = await verdict
        await runner.stop()
        if said == b"played\n":
            said = await line()
        if said != b"passed\n":
            raise Differs(said.decode().strip())
    finally:
        await runner.stop()
        if said in (b"", b"played\n"):  # it has not come to its end
            server.kill()
        await server.wait()


async def live(scenario, url):
    runner = Runner(scenario, url)
    try:
        await runner.register()
        await runner.run()
    finally:
        await runner.stop()


async def run_one(path, arguments, turns):
    with open(path, encoding="utf-8") as file:
        scenario = json.load(file)
    async with turns:
        try:
            if "server" in scenario:
                await scripted(path, scenario, arguments.scripted)
            else:
                await live(scenario, arguments.node)
            return True
        except Differs as difference:
            print(f"FAILED {path}: {difference}", flush=True)
        except Exception as error:  # a fault of the client shall not hide how it does elsewhere
            print(f"FAILED {path}: {error!r}", flush=True)
        return False


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scripted", help="the program parlour-scripted")
    parser.add_argument("--node", help="the address of a real node")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    turns = asyncio.Semaphore(16)
    passed = await asyncio.gather(*(run_one(path, arguments, turns) for path in arguments.files))
    print(f"{sum(passed)} of {len(passed)} scenarios passed with the Python client")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
