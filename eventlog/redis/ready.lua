-- Says that every partition of a new log in a Cluster has its meta.
--
-- KEYS  settings
-- ARGV  log id
-- Returns the id of the log that the settings are of

local id = redis.call('HGET', KEYS[1], 'id') or ''
if id == ARGV[1] then
  redis.call('HSET', KEYS[1], 'state', 'ready')
end
return id
