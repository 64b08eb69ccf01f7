"""Prints every frame that a user receives, with nothing but a WebSocket library: pip install websockets."""

import json, urllib.request
from websockets.sync.client import connect

login = urllib.request.Request("http://127.0.0.1:8080/api/v1/auth/login", method="POST",
    headers={"content-type": "application/json"}, data=b'{"username": "cat", "password": "correct horse"}')
token = json.load(urllib.request.urlopen(login))["access_token"]
with connect("ws://127.0.0.1:8080/v1/ws", subprotocols=["parlour.v1.json"]) as socket:
    socket.send(json.dumps({"type": "hello", "token": token, "features": [], "cursors": {}}))
    for frame in socket:
        print(frame, flush=True)
