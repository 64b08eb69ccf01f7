-- Brings what others see of a user up to what is so, reading routes and cell as one.
-- KEYS: routes, presence, watchers.
-- ARGV: live nodes, dead nodes (each ' a b '), kind of choice, choice, last seen, now, version floor, seconds to live.
local function names(list, node)
  return string.find(list, ' ' .. node .. ' ', 1, true) ~= nil
end

local connected, dead, unsure = false, {}, {}
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  local node = string.match(field, '^%d+:%d+')
  if names(ARGV[1], node) then
    connected = true
  elseif names(ARGV[2], node) then
    dead[#dead + 1] = field
  else
    unsure[#unsure + 1] = node
  end
end
if not connected and #unsure > 0 then
  return {'unsure', unpack(unsure)}
end
if #dead > 0 then
  redis.call('HDEL', KEYS[1], unpack(dead))
end

local cell = redis.call('HMGET', KEYS[2], 'status', 'version', 'chosen')
local shown, chosen = cell[1] or 'offline', cell[3]
if ARGV[3] == 'now' or (ARGV[3] == 'stored' and not chosen) then
  chosen = ARGV[4]
end
if connected and not chosen then
  return {'same'}
end
if connected and chosen ~= cell[3] then
  redis.call('HSET', KEYS[2], 'chosen', chosen)
  redis.call('EXPIRE', KEYS[2], ARGV[8])
elseif not connected and cell[3] then
  -- Who comes back is asked anew: the store may know better by then.
  redis.call('HDEL', KEYS[2], 'chosen')
end
local status = 'offline'
if connected and chosen ~= 'invisible' then
  status = chosen
end
if status == shown then
  return {'same'}
end
-- Milliseconds, so far below 2^53.
local known = tonumber(cell[2] or ARGV[7])
local version = string.format('%.0f', math.max(known + 1, tonumber(ARGV[6])))
redis.call('HSET', KEYS[2], 'status', status, 'version', version)
if status == 'offline' then
  redis.call('HSET', KEYS[2], 'seen', ARGV[5])
else
  redis.call('HDEL', KEYS[2], 'seen')
end
redis.call('EXPIRE', KEYS[2], ARGV[8])
return {'edge', status, version, unpack(redis.call('HKEYS', KEYS[3]))}
