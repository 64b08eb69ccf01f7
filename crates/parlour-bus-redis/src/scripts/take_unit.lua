-- Takes a unit of a quota. KEYS: quota, as the time at which it is full again. ARGV: microseconds for one unit, for all units.
-- Answers 0, or the microseconds to wait. The server's clock is the one that all nodes share.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- A smaller quota than before, or a clock that went back, must not lock anybody out.
local full_at = math.min(tonumber(redis.call('GET', KEYS[1]) or '0'), now + ARGV[2])
full_at = math.max(now, full_at) + ARGV[1]
local wait = full_at - ARGV[2] - now
if wait > 0 then
  return math.ceil(wait)
end
local ends_in = string.format('%.0f', math.ceil((full_at - now) / 1000))
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', ends_in)
return 0
