-- The nodes whose leases hold, as number:incarnation. KEYS: leases. ARGV: milliseconds after which an ended lease is dropped.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local leases = redis.call('HGETALL', KEYS[1])
local live = {}
for index = 1, #leases, 2 do
  local incarnation, ends = string.match(leases[index + 1], '^(%d+) %S+ (%d+)$')
  if tonumber(ends) > now then
    live[#live + 1] = leases[index] .. ':' .. incarnation
  elseif tonumber(ends) + ARGV[1] < now then
    redis.call('HDEL', KEYS[1], leases[index])
  end
end
return live
