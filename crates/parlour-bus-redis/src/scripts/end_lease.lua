-- Ends a lease at once. KEYS: leases. ARGV: number, holder.
local lease = redis.call('HGET', KEYS[1], ARGV[1])
if lease and string.match(lease, '^%d+ (%S+) %d+$') == ARGV[2] then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return {'lost'}
