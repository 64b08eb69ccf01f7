#!/usr/bin/env bash
# Registers a user, makes a chat and writes into it, with nothing but curl and jq. Run it once: the name is taken then.
set -euo pipefail

API=http://127.0.0.1:8080/api/v1 JSON='content-type: application/json'
TOKEN=$(curl -s $API/auth/register -H "$JSON" -d '{"username": "cat", "password": "correct horse"}' | jq -r .access_token)
CHAT=$(curl -s $API/chats -H "$JSON" -H "authorization: Bearer $TOKEN" -d '{"type": "group", "title": "Notes", "users": []}' | jq -r .id)
KEY=$(printf '%012x' $(date +%s)000 | sed 's/.\{8\}/&-/')-7000-8000-$(od -An -N6 -tx1 /dev/urandom | tr -d ' ') # a UUIDv7
curl -s $API/chats/$CHAT/messages -H "$JSON" -H "authorization: Bearer $TOKEN" -H "idempotency-key: $KEY" \
     -d '{"body": {"type": "text", "text": "Hello from curl"}}'
