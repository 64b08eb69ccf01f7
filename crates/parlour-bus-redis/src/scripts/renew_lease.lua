-- Renews a lease that still holds; one that has ended never comes back. KEYS: leases, deployment.
-- ARGV: number, holder, deployment, incarnation, milliseconds for which it holds.
local deployment = redis.call('GET', KEYS[2])
if deployment and deployment ~= ARGV[3] then
  return {'deployment', deployment}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HGET', KEYS[1], ARGV[1])
local incarnation, holder, ends
if lease then
  incarnation, holder, ends = string.match(lease, '^(%d+) (%S+) (%d+)$')
end
if not deployment or incarnation ~= ARGV[4] or holder ~= ARGV[2] or tonumber(ends) <= now then
  return {'lost'}
end
ends = string.format('%.0f', now + ARGV[5])
redis.call('HSET', KEYS[1], ARGV[1], incarnation .. ' ' .. holder .. ' ' .. ends)
return {'held', incarnation}
