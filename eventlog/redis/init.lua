-- Makes a new log, or tells about the one that is there.
--
-- KEYS  settings | meta of each partition that a new log would have
-- ARGV  id for a new log, format, number of partitions
-- Returns {id, format, partitions} | {"lost", why}

local have = redis.call('HMGET', KEYS[1], 'id', 'format', 'partitions')
if have[1] then
  return have
end
for i = 2, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    return { 'lost', KEYS[i] .. ' exists but ' .. KEYS[1] .. ' does not' }
  end
end
for i = 2, #KEYS do
  redis.call('HSET', KEYS[i], 'id', ARGV[1], 'seq', '0', 'hash', '', 'epoch', '0', 'clock', '')
end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'format', ARGV[2], 'partitions', ARGV[3])
return { ARGV[1], ARGV[2], ARGV[3] }
