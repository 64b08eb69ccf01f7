-- Writes a route and answers what others see of the user. KEYS: routes, presence. ARGV: field, value, seconds to live.
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return redis.call('HGET', KEYS[2], 'status')
