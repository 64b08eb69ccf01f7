-- Takes the lease of a node number under a new incarnation. KEYS: leases, deployment, incarnations.
-- ARGV: number, holder, deployment, lowest incarnation, milliseconds for which it holds.
local deployment = redis.call('GET', KEYS[2])
if deployment and deployment ~= ARGV[3] then
  return {'deployment', deployment}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HGET', KEYS[1], ARGV[1])
if lease then
  local holder, ends = string.match(lease, '^%d+ (%S+) (%d+)$')
  if holder ~= ARGV[2] and tonumber(ends) > now then
    return {'number', holder}
  end
end
if not deployment then
  redis.call('SET', KEYS[2], ARGV[3])
end
local last = tonumber(redis.call('HGET', KEYS[3], ARGV[1]) or '0')
-- Milliseconds, so far below 2^53.
local incarnation = string.format('%.0f', math.max(tonumber(ARGV[4]), last + 1))
redis.call('HSET', KEYS[3], ARGV[1], incarnation)
local ends = string.format('%.0f', now + ARGV[5])
redis.call('HSET', KEYS[1], ARGV[1], incarnation .. ' ' .. ARGV[2] .. ' ' .. ends)
return {'held', incarnation}
