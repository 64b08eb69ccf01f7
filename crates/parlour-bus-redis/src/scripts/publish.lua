-- Numbers a pack and sends it to a node's channel. KEYS: channel (and its counter).
-- ARGV: pack, step, seconds for which the counter is kept (empty: as it is).
-- The number is read back as text: as a number it would be a double.
redis.call('INCRBY', KEYS[1], ARGV[2])
local number = redis.call('GET', KEYS[1])
local receivers = redis.call('SPUBLISH', KEYS[1], number .. ':' .. ARGV[1])
if receivers == 0 then
  redis.call('EXPIRE', KEYS[1], 60)
elseif ARGV[3] ~= '' then
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
return receivers
