-- Makes a partition of a new log in a Cluster.
--
-- KEYS  meta of the partition
-- ARGV  log id
-- Returns the id of the log that the partition is of

local id = redis.call('HGET', KEYS[1], 'id')
if id then
  return id
end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'seq', '0', 'hash', '', 'epoch', '0', 'clock', '')
return ARGV[1]
